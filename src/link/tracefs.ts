import { existsSync, readFileSync } from "node:fs";
import { encodeText } from "../internal/index.ts";
import { getSys, SystemCallError } from "../sys/index.ts";
import { O_APPEND, O_WRONLY } from "../uapi/linux.ts";

const MOUNT_POINTS = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/**
 * Gives `use` a path of the tracing file system. Where it is mounted nowhere, it is mounted privately for that long:
 * nothing is visible to other processes and nothing stays.
 *
 * @throws {SystemCallError} when it is not mounted and the process may not mount it.
 */
export function withTracefs<T>(action: string, use: (directory: string) => T): T {
  const mounted = MOUNT_POINTS.find((directory) => existsSync(`${directory}/events`));
  if (mounted !== undefined) return use(mounted);
  const sys = getSys();
  const fd = sys.mountDetached("tracefs");
  if (fd < 0) {
    throw new SystemCallError(
      -fd,
      "fsmount(tracefs)",
      `${action}: tracefs is not mounted (mount -t tracefs tracefs ${MOUNT_POINTS[0]}) and cannot be mounted privately`,
    );
  }
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    sys.close(fd);
  }
}

/**
 * Number of a trace event, which perf events refer to it by.
 *
 * @returns `undefined` when the kernel has no such event.
 */
export function traceEventId(action: string, category: string, name: string): number | undefined {
  return withTracefs(action, (directory) => {
    const id = readNumber(`${directory}/events/${category}/${name}/id`);
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
