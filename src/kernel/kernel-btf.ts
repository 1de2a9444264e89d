import { existsSync, statSync } from "node:fs";
import { release } from "node:os";
import { Btf } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { getSys } from "../sys/index.ts";
import { MAP_PRIVATE, O_CLOEXEC, O_RDONLY, PROT_READ } from "../uapi/linux.ts";
import { readFileIfAny } from "./files.ts";

const SYSFS_BTF = "/sys/kernel/btf/vmlinux";

/** Maps the file where the kernel allows it (Linux >= 6.16): that saves copying several MB. */
function mapFile(path: string): Uint8Array | undefined {
  const sys = getSys();
  let size: number;
  try {
    size = statSync(path).size;
  } catch {
    return undefined;
  }
  if (size === 0) return undefined;
  const fd = sys.open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return undefined;
  const mapping = sys.mmap(size, PROT_READ, MAP_PRIVATE, fd, 0);
  sys.close(fd);
  return typeof mapping === "number" ? undefined : new Uint8Array(mapping);
}

/** A file made by pahole for a kernel that exports no BTF itself (before 5.4) may lie here. */
function besideBtf(): string {
  return `/boot/vmlinux-${release()}.btf`;
}

/** Whether there is BTF of the running kernel; faster than reading it. */
export function haveKernelBtf(): boolean {
  return existsSync(SYSFS_BTF) || existsSync(besideBtf());
}

/** Raw BTF of the running kernel, `undefined` when it has none. NB: may be read-only memory. */
export function kernelBtfBytes(): Uint8Array | undefined {
  const bytes = mapFile(SYSFS_BTF) ?? readFileIfAny(SYSFS_BTF);
  if (bytes !== undefined) return bytes;
  // It is plain BTF or none of our business.
  return readFileIfAny(besideBtf());
}

/** The kernel was built without types, and nothing stands in for them. */
export class NoKernelBtfError extends WasmBpfError {
  constructor(message: string) {
    super("NOT_SUPPORTED", message);
  }
}

let cached: Btf | undefined;

/** BTF of the running kernel, `undefined` when it has none. Parsed once. */
export function kernelBtfIfAny(): Btf | undefined {
  if (cached === undefined) {
    const bytes = kernelBtfBytes();
    if (bytes !== undefined) cached = Btf.parse(bytes, { section: "vmlinux BTF" });
  }
  return cached;
}

/**
 * BTF of the running kernel. Parsed once.
 *
 * @throws {NoKernelBtfError} when the kernel was built without it.
 */
export function kernelBtf(): Btf {
  const btf = kernelBtfIfAny();
  if (btf === undefined) {
    throw new NoKernelBtfError(
      `This kernel has no BTF at ${SYSFS_BTF}: it needs CONFIG_DEBUG_INFO_BTF=y (Linux >= 5.4)`,
    );
  }
  return cached ?? btf;
}
