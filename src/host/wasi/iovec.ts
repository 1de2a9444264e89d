import { EFAULT, EINVAL } from "../../uapi/errno.ts";
import type { GuestMemory } from "../memory.ts";

/** Linux's IOV_MAX. */
const MOST_VECTORS = 1024;

/**
 * The buffers of an iovec array: buf u32@0, buf_len u32@4 each.
 *
 * @returns views that are valid until the guest runs again, or -errno when one is outside the guest's memory
 */
export function iovecs(memory: GuestMemory, pointer: number, count: number): Uint8Array[] | number {
  const length = count >>> 0;
  if (length > MOST_VECTORS) return -EINVAL;
  const buffers: Uint8Array[] = [];
  let total = 0;
  for (let index = 0; index < length; index++) {
    const at = (pointer >>> 0) + index * 8;
    const start = memory.has(at, 8) && at < 2 ** 32 ? memory.u32(at) : undefined;
    if (start === undefined) return -EFAULT;
    const buffer = memory.range(start, memory.u32(at + 4) ?? 0);
    if (buffer === undefined) return -EFAULT;
    total += buffer.length;
    // The number of bytes moved has to fit the guest's result.
    if (total > 0x7fffffff) return -EINVAL;
    buffers.push(buffer);
  }
  return buffers;
}
