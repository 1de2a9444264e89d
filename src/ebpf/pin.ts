import { readlinkSync, statfsSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { encodeCString, WasmBpfError } from "../internal/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_OBJ_GET, BPF_OBJ_PIN } from "../uapi/bpf.ts";
import { BPF_FS_MAGIC } from "../uapi/linux.ts";

/** Directory for pins when nothing else is asked for. */
export const DEFAULT_PIN_ROOT = "/sys/fs/bpf";

/** Whether `directory` lies in a BPF file system. */
export function isOnBpfFileSystem(directory: string): boolean {
  try {
    return statfsSync(directory).type === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/** @throws {WasmBpfError} code `NOT_SUPPORTED` when the directory of `path` is in no BPF file system. */
export function checkPinDirectory(path: string, what: string): void {
  const directory = dirname(path);
  if (isOnBpfFileSystem(directory)) return;
  throw new WasmBpfError(
    "NOT_SUPPORTED",
    `Cannot pin ${what} at ${path}: ${directory} is not in a BPF file system. Mount one with: mount -t bpf bpf ${DEFAULT_PIN_ROOT}`,
  );
}

/**
 * Pins the object behind `fd` at `path`.
 *
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when the directory is in no BPF file system.
 * @throws {SystemCallError} when the kernel refuses; EEXIST when something is there already.
 */
export function pinFd(fd: number, path: string, what: string): void {
  checkPinDirectory(path, what);
  checkedCall(rawPin(fd, path), "bpf(BPF_OBJ_PIN)", `Cannot pin ${what} at ${path}`);
}

/** @returns 0 or -errno. */
export function rawPin(fd: number, path: string): number {
  const attr = new BpfAttr(16).pointer(0, encodeCString(path)).u32(8, fd);
  return getSys().bpf(BPF_OBJ_PIN, attr);
}

/** Fd of a pinned object, or -errno (-ENOENT when nothing is there). */
export function openPin(path: string): number {
  return getSys().bpf(BPF_OBJ_GET, new BpfAttr(16).pointer(0, encodeCString(path)));
}

/**
 * Opens a pinned object of one kind.
 *
 * @throws {SystemCallError} when nothing is pinned at `path` (ENOENT).
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when something of another kind is.
 */
export function openPinOf(kind: "program" | "map" | "link", path: string): number {
  const action = `Cannot open the ${kind} pinned at ${path}`;
  const fd = checkedCall(openPin(path), "bpf(BPF_OBJ_GET)", action);
  const found = objectKindOf(fd);
  if (found === undefined || found === kind) return fd;
  getSys().close(fd);
  throw new WasmBpfError("INVALID_ARGUMENT", `${action}: a ${found} is pinned there`);
}

/** What a descriptor is, by the kernel's own name for it; `undefined` for anything else, and without /proc. */
export function objectKindOf(fd: number): "program" | "map" | "link" | undefined {
  let target: string;
  try {
    target = readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
  // `anon_inode:bpf-prog`, `bpf-map`, `bpf_link`
  const kind = /bpf[-_](prog|map|link)/.exec(target)?.[1];
  return kind === "prog" ? "program" : (kind as "map" | "link" | undefined);
}

/**
 * Removes a pin.
 *
 * @throws {WasmBpfError} code `NOT_FOUND` when it cannot be removed.
 */
export function removePin(path: string, what: string): void {
  try {
    unlinkSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WasmBpfError("NOT_FOUND", `Cannot unpin ${what}: ${reason}`, { cause });
  }
}
