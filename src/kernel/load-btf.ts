import { BpfAttr, getSys } from "../sys/index.ts";
import { BPF_BTF_LOAD, BPF_F_TOKEN_FD } from "../uapi/bpf.ts";
import { bumpMemlock } from "./memlock.ts";
import { currentToken } from "./token.ts";

/** Loads BTF into the kernel. @returns its fd or -errno; `log` receives the kernel's reasons. */
export function loadBtf(bytes: Uint8Array, log?: Uint8Array): number {
  bumpMemlock();
  const token = currentToken();
  const attr = new BpfAttr(token === undefined ? 32 : 40).pointer(0, bytes).u32(16, bytes.length);
  if (token !== undefined) attr.u32(32, BPF_F_TOKEN_FD).u32(36, token.fd);
  if (log !== undefined) attr.pointer(8, log).u32(20, log.length).u32(24, 1);
  return getSys().bpf(BPF_BTF_LOAD, attr);
}
