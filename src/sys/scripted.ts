import { BpfAttr } from "./attr.ts";
import { OPENERS } from "./openers.ts";
import type { Sys } from "./sys.ts";

/** One call that a scripted kernel got. */
export interface RecordedCall {
  /** Name of the {@link Sys} method. */
  readonly name: string;
  readonly args: readonly unknown[];
  /** For `bpf`: the command, and the attribute's bytes as they were at the call. */
  readonly command: number | undefined;
  readonly attr: Uint8Array | undefined;
}

/** Answers a call: `>= 0` or -errno; `undefined` leaves the answer to the default. */
export type Answer = (call: RecordedCall, attr: BpfAttr | undefined) => number | undefined;

/** A kernel for tests: records every call and answers from a script, no addon and no privileges needed. */
export interface ScriptedSys extends Sys {
  readonly calls: RecordedCall[];
  /** Recorded `bpf` calls with this command. */
  bpfCalls(command: number): RecordedCall[];
  /** Descriptors that were given out and not closed. */
  readonly openFds: Set<number>;
}

const SYS_OPENERS: ReadonlySet<string> = new Set(OPENERS);
/** BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_OBJ_GET, the GET_FD_BY_ID family, RAW_TRACEPOINT_OPEN, BTF_LOAD, LINK_CREATE, ITER_CREATE, ... */
const BPF_OPENERS = new Set([0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 32, 33, 36]);

/**
 * Makes a scripted kernel. Without an answer a call that opens something gets a new descriptor (from 1000 on), and
 * every other call 0.
 */
export function scriptedSys(answer: Answer = () => undefined): ScriptedSys {
  const calls: RecordedCall[] = [];
  const openFds = new Set<number>();
  let nextFd = 1000;
  const call = (name: string, args: readonly unknown[]): number => {
    const [command, attr] = args;
    const isBpf = name === "bpf" && typeof command === "number" && attr instanceof BpfAttr;
    const recorded: RecordedCall = {
      name,
      args,
      command: isBpf ? command : undefined,
      attr: isBpf ? attr.bytes.slice() : undefined,
    };
    calls.push(recorded);
    const given = answer(recorded, isBpf ? attr : undefined);
    const opens = isBpf ? BPF_OPENERS.has(command) : SYS_OPENERS.has(name);
    if (name === "close") openFds.delete(command as number);
    const result = given ?? (opens ? nextFd++ : 0);
    if (opens && result >= 0) openFds.add(result);
    return result;
  };
  const method =
    (name: string) =>
    (...args: unknown[]): number =>
      call(name, args);
  return {
    calls,
    openFds,
    bpfCalls: (command) => calls.filter((recorded) => recorded.command === command),
    pageSize: 4096,
    signals: {
      catch: method("signals.catch"),
      take: method("signals.take"),
      hold: () => void call("signals.hold", []),
      resume: () => void call("signals.resume", []),
      dispose: method("signals.dispose"),
      taken: () => void call("signals.taken", []),
      release: () => void call("signals.release", []),
    },
    bpf: method("bpf"),
    perfEventOpen: method("perfEventOpen"),
    ioctl: method("ioctl"),
    open: method("open"),
    close: method("close"),
    dup: method("dup"),
    fcntl: method("fcntl"),
    lockRecord: method("lockRecord"),
    flock: method("flock"),
    inotify: method("inotify"),
    inotifyAdd: method("inotifyAdd"),
    inotifyRemove: method("inotifyRemove"),
    getAffinity: method("getAffinity"),
    setAffinity: method("setAffinity"),
    read: method("read"),
    write: method("write"),
    seek: method("seek"),
    mmap(...args) {
      const result = call("mmap", args);
      return result < 0 ? result : new ArrayBuffer(args[0]);
    },
    mmapFixed: method("mmapFixed"),
    munmap: method("munmap"),
    epollCreate: method("epollCreate"),
    epollCtl: method("epollCtl"),
    epollWait: method("epollWait"),
    watch(fd) {
      const result = call("watch", [fd]);
      return result < 0 ? result : { start: () => 0, stop: () => {}, close: () => {} };
    },
    eventfd: method("eventfd"),
    timerfdCreate: method("timerfdCreate"),
    timerfdSet: method("timerfdSet"),
    getRlimit: () => [2n ** 64n - 1n, 2n ** 64n - 1n],
    setRlimit: method("setRlimit"),
    ifNameToIndex: method("ifNameToIndex"),
    socket: method("socket"),
    socketPair: method("socketPair"),
    bind: method("bind"),
    connect: method("connect"),
    listen: method("listen"),
    accept: method("accept"),
    socketName: method("socketName"),
    receive: method("receive"),
    send: method("send"),
    shutdown: method("shutdown"),
    getSocketOption: method("getSocketOption"),
    ifIndexToName: method("ifIndexToName"),
    uname: method("uname"),
    clockTime: method("clockTime"),
    sysinfo: method("sysinfo"),
    stackAddress: method("stackAddress"),
    pipe: method("pipe"),
    spawn: method("spawn"),
    spawnEnded: method("spawnEnded"),
    waitProcess: method("waitProcess"),
    kill: method("kill"),
    pidfdOpen: method("pidfdOpen"),
    setSocketOption: method("setSocketOption"),
    mountDetached: method("mountDetached"),
    sleep: method("sleep"),
    addressOf: () => 0x1000n,
  };
}
