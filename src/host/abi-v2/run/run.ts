import * as fs from "node:fs";
import { basename } from "node:path";
import { E2BIG, EACCES, EAGAIN, EBADF, EINVAL, ENOENT, EPERM } from "../../../uapi/errno.ts";
import { O_RDWR } from "../../../uapi/linux.ts";
import type { HostImports } from "../../host-import.ts";
import type { FdTable } from "../../wasi/index.ts";
import { Block, guestRange, requiredText } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { permissionMissing } from "../permission.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { Children } from "./children.ts";
import { PipeDescriptor } from "./pipe.ts";
import { isNamedFile, programPath } from "./program-path.ts";

const REQUEST_BYTES = 48;
const STREAM_OFFSETS = [20, 24, 28] as const;
const FLAGS_OFFSET = 40;
const OWN = -1;
const NEW_PIPE = -2;
const NO_WAIT = 1;
/** Flags of `run_start`. */
const ALL_DESCRIPTORS = 1;
const ENDS_CHILD = 2;
/** `run_fork`: a child begins, or ends with a status. */
const FORK_BEGIN = 0;
const FORK_EXIT = 1;
/** As Linux limits them, together. */
const MOST_STRINGS = 65536;
const MOST_STRING_BYTES = 2 << 20;
/** A process that has ended needs no permission, but a place in the kernel's list until it is waited for. */
const MOST_PROCESSES = 1024;
const LONGEST_MESSAGE = 80;
/**
 * Variables by which loaders and interpreters run code that nobody has named: what they load first, or what a word of a
 * script means.
 */
const CODE_VARIABLES =
  /^(LD_|GCONV_PATH=|BASH_ENV=|BASH_FUNC_|BASHOPTS=|SHELLOPTS=|ENV=|PS4=|PERL|PYTHON|RUBY(LIB|OPT)=|NODE_(OPTIONS|PATH)=|JAVA_TOOL_OPTIONS=)/;
/** What a program expects to find, and a guest has not got. */
const PASSED_ON = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "TZ"];

/** Imports of this family, see `docs/abi-v2.md`. */
export function runImports(context: AbiV2Context): HostImports {
  const { memory, sys, interrupts, handles, forks } = context;
  let children: Children | undefined;
  /** What each parent has started, the outermost first. */
  const started: number[][] = [];

  function ownChildren(): Children {
    if (children === undefined) {
      const made = new Children(sys, interrupts);
      children = made;
      handles.add(made);
      forks.othersRun = () => made.count > 0;
    }
    return children;
  }

  function strings(at: number, count: number): string[] {
    if (count > MOST_STRINGS) throw new Refusal(E2BIG);
    const addresses = count === 0 ? undefined : guestRange(memory, at, count * 4);
    const view = addresses && new DataView(addresses.buffer, addresses.byteOffset);
    let left = MOST_STRING_BYTES;
    return Array.from({ length: count }, (_, index) => {
      const text = requiredText(memory, view?.getUint32(index * 4, true) ?? 0);
      left -= text.length;
      if (left < 0) throw new Refusal(E2BIG);
      return text;
    });
  }

  function start(req: number): number {
    const block = new Block(memory, req, REQUEST_BYTES);
    const args = strings(block.u32(4), block.u32(8));
    const environment = strings(block.u32(12), block.u32(16));
    const command = block.text(32) ?? args[0];
    const flags = block.u32(FLAGS_OFFSET);
    if (command === undefined || (flags & ~(ALL_DESCRIPTORS | ENDS_CHILD)) !== 0) return -EINVAL;
    const endsChild = (flags & ENDS_CHILD) !== 0;
    if (endsChild && !forks.inChild) return -EINVAL;
    const directory = block.u32(36) === 0 ? undefined : context.fds.get(block.u32(36))?.directoryFd;
    if (block.u32(36) !== 0 && directory === undefined) return -EBADF;
    const place = directory === undefined ? undefined : fs.readlinkSync(`/proc/self/fd/${directory}`);
    const path = programPath(command, place);
    checkProgram(context, [command, ...args.slice(1)], path, args[0], environment);
    if (path === undefined) return isNamedFile(command, place) ? -EACCES : -ENOENT;
    const pid = startWith(context, block, (streams) =>
      sys.spawn(path, args, environmentFor(context, environment), streams, directory, forks.awaited),
    );
    if (pid > 0) adopt(pid, endsChild);
    return pid;
  }

  /** A process was started, in place of a child that ends with that. */
  function adopt(pid: number, endsChild: boolean): void {
    if (endsChild) {
      forks.end();
      ownChildren().disownAllBut(started.pop() ?? []);
    }
    ownChildren().add(pid);
  }

  function fork(how: number, status: number): number {
    if (how === FORK_BEGIN) {
      // NB: as long as there are children, their entry stays.
      const { pids, count } = ownChildren();
      if (count >= MOST_PROCESSES || !forks.begin()) return -EAGAIN;
      started.push(pids);
      return 0;
    }
    if (how !== FORK_EXIT || !forks.inChild) return -EINVAL;
    const pid = sys.spawnEnded(status & 255, forks.awaited);
    if (pid > 0) adopt(pid, true);
    return pid;
  }

  return {
    run_start: guestCall(start),
    run_fork: guestCall(fork),
    run_wait: guestCall((process, status, flags) => {
      if ((flags & ~NO_WAIT) !== 0) return -EINVAL;
      const into = status === 0 ? new Uint8Array(4) : guestRange(memory, status, 4);
      return ownChildren().wait(process, into, (flags & NO_WAIT) === 0);
    }),
    run_kill: guestCall((process, signal) => ownChildren().kill(process, signal)),
  };
}

/** @throws {Refusal} EPERM when the program is none of those that were allowed, or another could take its place */
function checkProgram(
  context: AbiV2Context,
  args: readonly string[],
  path: string | undefined,
  calledAs: string | undefined,
  environment: readonly string[],
): void {
  const { run = false } = context.permissions;
  if (run === true) return;
  if (run === false || path === undefined || !run.some((name) => programPath(name) === path)) {
    throw permissionMissing(context, "--allow-run", `start ${commandText(args)}`);
  }
  // Some programs are many, and are what they are called.
  if (basename(calledAs ?? "") !== basename(path)) throw new Refusal(EPERM);
  if (environment.some((entry) => CODE_VARIABLES.test(entry))) throw new Refusal(EPERM);
}

/** A command for a message: one line that is not long, whatever is in it. */
function commandText(args: readonly string[]): string {
  const text = args.join(" ").replaceAll(/\p{Cc}/gu, "?");
  return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}...` : text;
}

/** Finds or makes the standard streams of a block, starts, and gives the guest its ends of new pipes. */
function startWith(
  context: AbiV2Context,
  block: Block,
  spawn: (streams: readonly number[]) => number,
): number {
  const { sys, fds } = context;
  const childEnds: number[] = [];
  const guestEnds: { readonly offset: number; readonly fd: number }[] = [];
  let pid = -EBADF;
  try {
    const streams = STREAM_OFFSETS.map((offset, stream) => {
      const wanted = block.i32(offset);
      if (wanted === NEW_PIPE) {
        const [childEnd, guestEnd] = newPipe(context, stream === 0);
        childEnds.push(childEnd);
        const fd = fds.add(guestEnd);
        if (fd < 0) throw new Refusal(-fd);
        guestEnds.push({ offset, fd });
        return childEnd;
      }
      const hostFd = fds.get(wanted === OWN ? stream : wanted)?.passOn();
      if (hostFd !== undefined) return hostFd;
      if (wanted !== OWN) throw new Refusal(EBADF);
      // Closed, or served by the embedding program: nothing that another process could be given.
      const nothing = sys.open("/dev/null", O_RDWR);
      if (nothing < 0) throw new Refusal(-nothing);
      childEnds.push(nothing);
      return nothing;
    });
    pid = spawn((block.u32(FLAGS_OFFSET) & ALL_DESCRIPTORS) !== 0 ? withInherited(fds, streams) : streams);
    if (pid > 0) for (const { offset, fd } of guestEnds) block.setU32(offset, fd);
    return pid;
  } finally {
    for (const fd of childEnds) sys.close(fd);
    if (pid < 0) for (const { fd } of guestEnds) fds.close(fd);
  }
}

/** Host descriptors by the guest's numbers: the standard streams, and what the guest has not kept to itself. */
function withInherited(fds: FdTable, streams: readonly number[]): number[] {
  const given = [...streams];
  for (const fd of fds.inherited()) if (fd > 2) given[fd] = fds.get(fd)?.passOn() ?? -1;
  return Array.from(given, (hostFd) => hostFd ?? -1);
}

/** @returns the child's end, and the guest's. @throws {Refusal} */
function newPipe(context: AbiV2Context, childReads: boolean): [childEnd: number, guestEnd: PipeDescriptor] {
  const ends = new Int32Array(2);
  const result = context.sys.pipe(new Uint8Array(ends.buffer));
  if (result < 0) throw new Refusal(-result);
  const [reading = -1, writing = -1] = ends;
  return childReads
    ? [reading, new PipeDescriptor(context, writing, false)]
    : [writing, new PipeDescriptor(context, reading, true)];
}

/** A program that was named finds others where the host does, an interpreter for example. */
function environmentFor({ permissions }: AbiV2Context, given: readonly string[]): string[] {
  const isNamed = permissions.run !== true;
  return withDefaults(isNamed ? given.filter((entry) => !entry.startsWith("PATH=")) : given);
}

function withDefaults(environment: readonly string[]): string[] {
  const missing = PASSED_ON.filter((name) => !environment.some((entry) => entry.startsWith(`${name}=`)));
  return [
    ...environment,
    ...missing.flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`])),
  ];
}
