import { BpfAttr, getSys } from "../sys/index.ts";
import { BPF_BTF_LOAD } from "../uapi/bpf.ts";
import { bumpMemlock } from "./memlock.ts";

/** Loads BTF into the kernel. @returns its fd or -errno; `log` receives the kernel's reasons. */
export function loadBtf(bytes: Uint8Array, log?: Uint8Array): number {
  bumpMemlock();
  const attr = new BpfAttr(32).pointer(0, bytes).u32(16, bytes.length);
  if (log !== undefined) attr.pointer(8, log).u32(20, log.length).u32(24, 1);
  return getSys().bpf(BPF_BTF_LOAD, attr);
}
