import type { BpfAttr } from "./attr.ts";
import { loadNativeSys } from "./native.ts";

/** Signals that wake waiting calls; the state is the process's, not the thread's. */
export interface SignalControl {
  /**
   * Installs handlers. The first SIGINT or SIGTERM becomes pending; unless {@link release} comes within
   * `graceMs`, the process ends with status 128 + signal whatever it is doing. A second SIGINT or
   * SIGTERM ends it so at once. Other signals only become pending.
   *
   * @param signals signal numbers, 1..31
   * @param graceMs time for the caller to notice; 0 ends the process at the first SIGINT or SIGTERM
   * @returns 0 or -errno
   */
  catch(signals: readonly number[], graceMs?: number): number;
  /** Bit n is set when signal n is pending; they are not pending any more afterwards. */
  take(): number;
  /** From here to {@link resume} the grace time does not run, also that of a signal still to come. */
  hold(): void;
  /** The grace time runs on with what was left of it. */
  resume(): void;
  /**
   * Who handles a signal, which is caught from now on: 0 nobody (the default of {@link catch}), 1 it is ignored, 2 the
   * guest, which has `graceMs` to take it. Of SIGINT, SIGTERM and SIGHUP the third sets bit 0 of what is pending: the
   * guest is to be ended, and the process is half a second later.
   */
  dispose(signal: number, how: number, graceMs: number): number;
  /** The guest took what was pending: no grace time runs any more. */
  taken(): void;
  /** Restores the handlers that were there before and forgets what is pending. */
  release(): void;
}

/** A descriptor that the event loop of this thread watches, made by {@link Sys.watch}. */
export interface FdWatch {
  /** From now on its function is called as long as the descriptor can be read. The process goes on for it. @returns 0 or -errno */
  start(): number;
  /** Until {@link start} is called again. */
  stop(): void;
  /** For ever; the descriptor may be closed then. Closing twice does nothing. */
  close(): void;
}

/**
 * The only door to the kernel. Every call returns `>= 0` or `-errno` and throws nothing; file descriptors it gives
 * out are closed on exec. A test puts a scripted kernel in its place with {@link setSys}.
 */
export interface Sys {
  readonly pageSize: number;
  readonly signals: SignalControl;
  bpf(command: number, attr: BpfAttr): number;
  /** @param attr a whole `struct perf_event_attr`; its `size` field must not exceed its length */
  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, groupFd: number, flags: number): number;
  ioctl(fd: number, request: number, argument: number | bigint | Uint8Array): number;
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): number;
  dup(fd: number): number;
  /** @param command one whose argument is a number and that makes no descriptor */
  fcntl(fd: number, command: number, argument: number): number;
  /**
   * Locks of parts of a file: F_SETLK, F_GETLK and those of open files.
   *
   * @param lock `struct flock`, 32 bytes
   */
  lockRecord(fd: number, command: number, lock: Uint8Array): number;
  /** @param operation LOCK_*; waits unless LOCK_NB says otherwise */
  flock(fd: number, operation: number): number;
  /** Descriptor from which changes of files are read. @param flags IN_NONBLOCK or 0 */
  inotify(flags: number): number;
  /** @param mask IN_* @returns number of the watch */
  inotifyAdd(fd: number, path: string, mask: number): number;
  inotifyRemove(fd: number, watch: number): number;
  /** CPUs that this thread may run on, a bit each. @returns bytes */
  getAffinity(into: Uint8Array): number;
  setAffinity(cpus: Uint8Array): number;
  /** Waits for input. -EINTR while a caught signal is pending, also when it came before the call. */
  read(fd: number, into: Uint8Array): number;
  /** Waits for room; a pending signal does not interrupt it, so that output can be flushed. */
  write(fd: number, from: Uint8Array): number;
  /**
   * Sets where reading and writing go on.
   *
   * @param whence 0 from the start of the file, 1 from where it is, 2 from the end
   * @returns the new place, in bytes from the start
   */
  seek(fd: number, offsetBytes: number, whence: number): number;
  /**
   * Maps a file or anonymous memory.
   *
   * @param address where it is to lie when nothing is there yet; 0 or left out means anywhere
   * @returns the mapping, which lives until {@link munmap} or garbage collection, or -errno
   */
  mmap(
    lengthBytes: number,
    prot: number,
    flags: number,
    fd: number,
    offsetBytes: number,
    address?: bigint,
  ): ArrayBuffer | number;
  /**
   * Replaces whole pages inside `buffer`, of a guest's memory for example. The pages must be readable and writable
   * (-EACCES): V8 aborts the process when it can't change the protection of a page of a memory it grows. When it
   * fails, the old pages are unchanged. Memory replaced in this way never detaches by itself: map anonymous pages
   * over it before the object behind it is to go.
   */
  mmapFixed(
    buffer: ArrayBuffer,
    byteOffset: number,
    lengthBytes: number,
    prot: number,
    flags: number,
    fd: number,
    offsetBytes: number,
  ): number;
  /** Unmaps what {@link mmap} returned; the buffer is detached, its views are empty afterwards. */
  munmap(buffer: ArrayBuffer): number;
  epollCreate(): number;
  epollCtl(epollFd: number, operation: number, fd: number, events: number, data: number): number;
  /**
   * @param events gets a pair { events, data } per ready descriptor
   * @param maxEvents 1..64 are used per call
   * @param timeoutMs -1 waits for ever
   * @returns how many are ready; -EINTR as {@link read}
   */
  epollWait(epollFd: number, events: Uint32Array, maxEvents: number, timeoutMs: number): number;
  /**
   * Has the event loop watch a descriptor that it can poll, one that no other watch of this thread has.
   *
   * @param readable must not throw
   * @returns a watch that is not started, or -errno; close it before the descriptor
   */
  watch(fd: number, readable: () => void): FdWatch | number;
  eventfd(initial: number, flags: number): number;
  /** Descriptor of a timer of a clock (CLOCK_*), which is read when it expires. */
  timerfdCreate(clock: number, flags: number): number;
  /** @param value `struct itimerspec`, empty to leave the timer as it is @param old gets what was set, 32 bytes */
  timerfdSet(fd: number, flags: number, value: Uint8Array, old: Uint8Array): number;
  /** @returns soft and hard limit; 2^64-1 is no limit */
  getRlimit(resource: number): [soft: bigint, hard: bigint];
  setRlimit(resource: number, soft: bigint, hard: bigint): number;
  /** @returns index of a network interface of the current network namespace, or -ENODEV */
  ifNameToIndex(name: string): number;
  /** Descriptor of a new socket: AF_*, SOCK_*, and the family's protocol number. */
  socket(family: number, type: number, protocol: number): number;
  /** Two AF_UNIX sockets that are connected. @param into both, i32 each */
  socketPair(type: number, protocol: number, into: Uint8Array): number;
  /** @param address a whole `struct sockaddr` of the socket's family */
  bind(fd: number, address: Uint8Array): number;
  /** Never waits: -EINPROGRESS, or -EAGAIN, when the connection takes time. */
  connect(fd: number, address: Uint8Array): number;
  listen(fd: number, backlog: number): number;
  /** Descriptor of a new connection; -EAGAIN when none waits. */
  accept(fd: number): number;
  /**
   * The address of a socket (`peer` 0) or of its peer (1).
   * @returns its whole length
   */
  socketName(fd: number, peer: number, into: Uint8Array): number;
  /**
   * Never waits: -EAGAIN when there is nothing.
   *
   * @param flags MSG_*
   * @param address gets the length of the sender's address in 4 bytes, 0 for none, and then as much of it as fits
   */
  receive(fd: number, into: Uint8Array, flags: number, address: Uint8Array): number;
  /** Never waits: -EAGAIN when there is no room. @param flags MSG_* @param address empty for the connected one */
  send(fd: number, from: Uint8Array, flags: number, address: Uint8Array): number;
  /** @param how 0 reading, 1 writing, 2 both */
  shutdown(fd: number, how: number): number;
  /** @returns length of the value */
  getSocketOption(fd: number, level: number, name: number, value: Uint8Array): number;
  /** @returns length of the name, or -ENXIO */
  ifIndexToName(index: number, into: Uint8Array): number;
  /** `struct utsname`: sysname, nodename, release, version, machine, domainname, 65 bytes each. */
  uname(into: Uint8Array): number;
  /** Time of a clock of Linux, u64 nanoseconds. @param into 8 bytes */
  clockTime(clock: number, into: Uint8Array): number;
  /** `struct sysinfo`: load, memory, uptime. @param into 112 bytes */
  sysinfo(into: Uint8Array): number;
  /** Where the stack of this thread is; it grows downwards. */
  stackAddress(): number;
  /** @param into both ends, i32 each: reading, writing */
  pipe(into: Uint8Array): number;
  /**
   * Starts a program, no signal blocked or ignored.
   *
   * @param environment `NAME=VALUE` each
   * @param descriptors of this process: what is to have the numbers 0, 1, ...; -1 for one that is not to be open
   * @param directory descriptor of where it works; default: where this process does
   * @param event an eventfd that the program waits for: the process begins at once. When it brings another number than
   * 1, the process ends with status 127.
   * @returns id of the process, which stays until {@link waitProcess} has told of its end
   */
  spawn(
    path: string,
    args: readonly string[],
    environment: readonly string[],
    descriptors: readonly number[],
    directory?: number,
    event?: number,
  ): number;
  /** A process that ends with this status. @param event as of {@link spawn}, or -1 */
  spawnEnded(status: number, event: number): number;
  /**
   * Whether a child has ended; never waits.
   *
   * @param status 4 bytes, as of `waitpid`
   * @returns its id, or 0 when it goes on
   */
  waitProcess(pid: number, status: Uint8Array): number;
  kill(pid: number, signal: number): number;
  /** Descriptor of a process, the key of its entry in a task storage map. Requires Linux >= 5.3. */
  pidfdOpen(pid: number): number;
  /** @param value the option's bytes, an `int` in most cases */
  setSocketOption(fd: number, level: number, name: number, value: Uint8Array): number;
  /**
   * Mounts a file system without a device, such as `tracefs`, where nobody else sees it. Requires Linux >= 5.2.
   *
   * @returns descriptor of its root directory; closing it unmounts
   */
  mountDetached(type: string): number;
  /** @returns 0, or -EINTR as {@link read} */
  sleep(ns: bigint): number;
  /** Address of a view's first byte, for pointers inside other data. The caller keeps the view alive. */
  addressOf(view: Uint8Array): bigint;
}

let current: Sys | undefined;

/**
 * The kernel of this thread; the first call loads the addon.
 *
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when the addon is missing or does not load
 */
export function getSys(): Sys {
  current ??= loadNativeSys();
  return current;
}

/** Puts another kernel in place, a scripted one in tests; `undefined` goes back to the real one. */
export function setSys(sys: Sys | undefined): void {
  current = sys;
}
