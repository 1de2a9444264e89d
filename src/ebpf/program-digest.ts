import { BPF_DW, BPF_IMM, BPF_LD, INSTRUCTION_SIZE } from "../asm/index.ts";
import { BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from "../uapi/bpf.ts";

const LOAD_64 = BPF_LD | BPF_IMM | BPF_DW;

/** SHA-256 of a program as the kernel makes it: without the maps, whose fds differ with each load. */
export function programDigest(instructions: Uint8Array): Uint8Array {
  const { createHash } = process.getBuiltinModule("node:crypto");
  const bytes = instructions.slice();
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + INSTRUCTION_SIZE < bytes.length; at += INSTRUCTION_SIZE) {
    const pseudo = (bytes[at + 1] ?? 0) >> 4;
    if (bytes[at] !== LOAD_64) continue;
    if (pseudo === BPF_PSEUDO_MAP_FD || pseudo === BPF_PSEUDO_MAP_VALUE) {
      view.setUint32(at + 4, 0);
      view.setUint32(at + INSTRUCTION_SIZE + 4, 0);
    }
    at += INSTRUCTION_SIZE;
  }
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
