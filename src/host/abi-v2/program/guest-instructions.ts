import { BPF_CALL, BPF_JMP, INSTRUCTION_SIZE, OP_LDIMM64 } from "../../../asm/index.ts";
import {
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
} from "../../../uapi/bpf.ts";

/** Stands for a descriptor the guest has not got: the kernel says what it thinks of it in the log. */
const NO_FD = -1;

/** Finds another number for a descriptor of a kind; `undefined` when there is none. */
export type FdTranslation = (kind: "map" | "btf", fd: number) => number | undefined;

/**
 * Replaces the descriptors of maps and types in instructions, which are changed.
 *
 * @returns greatest index into the array of descriptors that is used, -1 when none is
 */
export function translateInstructions(instructions: Uint8Array, translate: FdTranslation): number {
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length);
  let greatest = -1;
  for (let at = 0; at + INSTRUCTION_SIZE <= instructions.length; at += INSTRUCTION_SIZE) {
    const opcode = view.getUint8(at);
    const pseudo = view.getUint8(at + 1) >> 4;
    if (opcode === (BPF_JMP | BPF_CALL) && pseudo === BPF_PSEUDO_KFUNC_CALL) {
      greatest = Math.max(greatest, view.getInt16(at + 2, true));
    }
    if (opcode !== OP_LDIMM64 || at + 2 * INSTRUCTION_SIZE > instructions.length) continue;
    const immediate = view.getInt32(at + 4, true);
    if (pseudo === BPF_PSEUDO_MAP_FD || pseudo === BPF_PSEUDO_MAP_VALUE) {
      view.setInt32(at + 4, translate("map", immediate) ?? NO_FD, true);
    } else if (pseudo === BPF_PSEUDO_MAP_IDX || pseudo === BPF_PSEUDO_MAP_IDX_VALUE) {
      greatest = Math.max(greatest, immediate);
    } else if (pseudo === BPF_PSEUDO_BTF_ID) {
      // 0 is the kernel itself.
      const fd = view.getInt32(at + INSTRUCTION_SIZE + 4, true);
      if (fd !== 0)
        view.setInt32(at + INSTRUCTION_SIZE + 4, fd < 0 ? NO_FD : (translate("btf", fd) ?? NO_FD), true);
    }
    at += INSTRUCTION_SIZE;
  }
  return greatest;
}

/** The array of descriptors that instructions refer to by index, for the host. */
export function translateFdArray(array: Uint8Array, translate: FdTranslation): Uint8Array {
  const copy = array.slice();
  const view = new DataView(copy.buffer);
  for (let at = 0; at + 4 <= copy.length; at += 4) {
    const fd = view.getInt32(at, true);
    view.setInt32(at, translate("map", fd) ?? translate("btf", fd) ?? NO_FD, true);
  }
  return copy;
}
