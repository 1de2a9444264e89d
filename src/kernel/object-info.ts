import { BpfAttr, getSys } from "../sys/index.ts";
import { BPF_BTF_GET_FD_BY_ID, BPF_BTF_GET_NEXT_ID, BPF_OBJ_GET_INFO_BY_FD } from "../uapi/bpf.ts";

/**
 * `bpf(BPF_OBJ_GET_INFO_BY_FD)` into `info`.
 *
 * @param info NB: pointers inside it are set with `addressOf`, their targets kept alive by the caller.
 * @returns 0 or -errno.
 */
export function objectInfo(fd: number, info: BpfAttr): number {
  const attr = new BpfAttr(16).u32(0, fd).u32(4, info.bytes.length).pointer(8, info.bytes);
  return getSys().bpf(BPF_OBJ_GET_INFO_BY_FD, attr);
}

/** What the kernel says about a BTF object. */
export interface BtfInfo {
  readonly id: number;
  readonly sizeBytes: number;
  /** `vmlinux`, a module's name, or "" for BTF that a program brought. */
  readonly name: string;
  readonly kernel: boolean;
}

/** @returns -errno when the kernel refuses, which it does on kernels without module BTF. */
export function btfInfo(fd: number): BtfInfo | number {
  const name = new Uint8Array(64);
  const info = new BpfAttr(32).u64(16, getSys().addressOf(name)).u32(24, name.length);
  const result = objectInfo(fd, info);
  if (result < 0) return result;
  const end = name.indexOf(0);
  return {
    id: info.u32At(12),
    sizeBytes: info.u32At(8),
    name: new TextDecoder().decode(name.subarray(0, end)),
    kernel: info.u32At(28) !== 0,
  };
}

/** Raw bytes of a BTF object, or -errno. */
export function btfBytes(fd: number): Uint8Array | number {
  const first = btfInfo(fd);
  if (typeof first === "number") return first;
  const bytes = new Uint8Array(first.sizeBytes);
  const info = new BpfAttr(32).u64(0, getSys().addressOf(bytes)).u32(8, bytes.length);
  const result = objectInfo(fd, info);
  return result < 0 ? result : bytes;
}

/** Id after `id` in the kernel's list of BTF objects, or -errno (-ENOENT at the end). */
export function nextBtfId(id: number): number {
  const attr = new BpfAttr(12).u32(0, id);
  const result = getSys().bpf(BPF_BTF_GET_NEXT_ID, attr);
  return result < 0 ? result : attr.u32At(4);
}

/** Fd of a BTF object, or -errno. */
export function btfFdById(id: number): number {
  return getSys().bpf(BPF_BTF_GET_FD_BY_ID, new BpfAttr(12).u32(0, id));
}
