import { existsSync, readFileSync, statSync } from "node:fs";
import { encodeText, WasmBpfError } from "../internal/index.ts";
import { getSys, SystemCallError } from "../sys/index.ts";
import { EACCES } from "../uapi/errno.ts";
import { O_APPEND, O_WRONLY } from "../uapi/linux.ts";

const MOUNT_POINTS = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/**
 * Gives `use` a path of the tracing file system. Where it is mounted nowhere, it is mounted privately for that long:
 * nothing is visible to other processes and nothing stays.
 *
 * @throws {SystemCallError} when it is not mounted and the process may not mount it, or may not read it
 * @throws {WasmBpfError} code `NOT_FOUND` when what was mounted privately cannot be reached without /proc
 */
export function withTracefs<T>(action: string, use: (directory: string) => T): T {
  const mounted = MOUNT_POINTS.find((directory) => existsSync(`${directory}/events`));
  if (mounted !== undefined) return use(mounted);
  const sys = getSys();
  const fd = sys.mountDetached("tracefs");
  if (fd < 0) {
    const closed = MOUNT_POINTS.find(
      (directory) => errorOf(() => statSync(`${directory}/events`)) === "EACCES",
    );
    if (closed !== undefined) throw unreadable(action, closed);
    throw new SystemCallError(
      -fd,
      "fsmount(tracefs)",
      `${action}: tracefs is not mounted (mount -t tracefs tracefs ${MOUNT_POINTS[0]}) and cannot be mounted privately`,
    );
  }
  try {
    const directory = `/proc/self/fd/${fd}`;
    if (!existsSync(directory)) {
      throw new WasmBpfError(
        "NOT_FOUND",
        `${action}: neither tracefs nor /proc is mounted (mount -t proc proc /proc)`,
      );
    }
    return use(directory);
  } finally {
    sys.close(fd);
  }
}

function unreadable(action: string, path: string): SystemCallError {
  return new SystemCallError(EACCES, `open(${path})`, `${action}: this user may not read tracefs, root may`);
}

/** Code of the error that `call` throws. */
function errorOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/**
 * Number of a trace event, which perf events refer to it by.
 *
 * @returns `undefined` when the kernel has no such event.
 * @throws {SystemCallError} EACCES when this user may not read it
 */
export function traceEventId(action: string, category: string, name: string): number | undefined {
  return withTracefs(action, (directory) => {
    const path = `${directory}/events/${category}/${name}/id`;
    const id = readNumber(path);
    if (id === undefined && errorOf(() => readFileSync(path)) === "EACCES") throw unreadable(action, path);
    return id;
  });
}

/** Appends a definition to `kprobe_events` or `uprobe_events`. @returns bytes written or -errno */
export function writeTraceEvents(action: string, file: string, definition: string): number {
  return withTracefs(action, (directory) => {
    const sys = getSys();
    const fd = sys.open(`${directory}/${file}`, O_WRONLY | O_APPEND);
    if (fd < 0) return fd;
    const written = sys.write(fd, encodeText(`${definition}\n`));
    sys.close(fd);
    return written;
  });
}

/** The number that a small file starts with, after an optional `prefix`; `undefined` when there is none. */
export function readNumber(path: string, prefix = ""): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, "latin1").trim();
  } catch {
    return undefined;
  }
  const number = text.startsWith(prefix) ? Number.parseInt(text.slice(prefix.length), 10) : Number.NaN;
  return Number.isInteger(number) ? number : undefined;
}
