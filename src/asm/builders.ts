import {
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
} from "../uapi/bpf.ts";
import type { Instruction } from "./instruction.ts";
import {
  BPF_ADD,
  BPF_ALU64,
  BPF_JMP,
  BPF_K,
  BPF_LDX,
  BPF_MEM,
  BPF_MOV,
  BPF_ST,
  BPF_STX,
  BPF_X,
  OP_CALL,
  OP_EXIT,
  OP_LDIMM64,
} from "./opcodes.ts";

/** Any instruction; what is left out is 0. */
export function instruction(opcode: number, fields: Partial<Omit<Instruction, "opcode">> = {}): Instruction {
  return { opcode, dst: 0, src: 0, offset: 0, imm: 0, ...fields };
}

/** `dst = imm` (sign extended to 64 bits). */
export function mov64Imm(dst: number, imm: number): Instruction {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
}

/** `dst = src` */
export function mov64Reg(dst: number, src: number): Instruction {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, { dst, src });
}

/** `dst += imm` */
export function add64Imm(dst: number, imm: number): Instruction {
  return instruction(BPF_ALU64 | BPF_ADD | BPF_K, { dst, imm });
}

/** `dst = *(size *)(src + offset)`; `size` is BPF_B, BPF_H, BPF_W or BPF_DW. */
export function loadMem(size: number, dst: number, src: number, offset: number): Instruction {
  return instruction(BPF_LDX | BPF_MEM | size, { dst, src, offset });
}

/** `*(size *)(dst + offset) = src` */
export function storeReg(size: number, dst: number, offset: number, src: number): Instruction {
  return instruction(BPF_STX | BPF_MEM | size, { dst, src, offset });
}

/** `*(size *)(dst + offset) = imm` */
export function storeImm(size: number, dst: number, offset: number, imm: number): Instruction {
  return instruction(BPF_ST | BPF_MEM | size, { dst, offset, imm });
}

/** `if (dst op imm) goto +offset`; `op` is BPF_JEQ, ... */
export function jumpImm(op: number, dst: number, imm: number, offset: number): Instruction {
  return instruction(BPF_JMP | op | BPF_K, { dst, imm, offset });
}

/** `if (dst op src) goto +offset` */
export function jumpReg(op: number, dst: number, src: number, offset: number): Instruction {
  return instruction(BPF_JMP | op | BPF_X, { dst, src, offset });
}

/** Calls a helper by its BPF_FUNC_* number. */
export function callHelper(helper: number): Instruction {
  return instruction(OP_CALL, { imm: helper });
}

/** Calls the subprogram `relative` slots after the next instruction. */
export function callSubprogram(relative: number): Instruction {
  return instruction(OP_CALL, { src: BPF_PSEUDO_CALL, imm: relative });
}

/** Calls a kernel function by its BTF id; `fdIndex` is its module's place in `fd_array`. */
export function callKfunc(btfId: number, fdIndex = 0): Instruction {
  return instruction(OP_CALL, { src: BPF_PSEUDO_KFUNC_CALL, imm: btfId, offset: fdIndex });
}

/** `dst = constant` of 64 bits. */
export function load64Imm(dst: number, constant: bigint): Instruction {
  const unsigned = BigInt.asUintN(64, constant);
  return instruction(OP_LDIMM64, {
    dst,
    imm: Number(BigInt.asIntN(32, unsigned)),
    immHigh: Number(BigInt.asIntN(32, unsigned >> 32n)),
  });
}

/** `dst = map` */
export function loadMapFd(dst: number, fd: number): Instruction {
  return instruction(OP_LDIMM64, { dst, src: BPF_PSEUDO_MAP_FD, imm: fd, immHigh: 0 });
}

/** `dst = address of the map's first value + offset`. Requires Linux >= 5.2. */
export function loadMapValue(dst: number, fd: number, valueOffset: number): Instruction {
  return instruction(OP_LDIMM64, { dst, src: BPF_PSEUDO_MAP_VALUE, imm: fd, immHigh: valueOffset });
}

/** `dst = address of the subprogram` `relative` slots after the next instruction. Requires Linux >= 5.13. */
export function loadFunction(dst: number, relative: number): Instruction {
  return instruction(OP_LDIMM64, { dst, src: BPF_PSEUDO_FUNC, imm: relative, immHigh: 0 });
}

/** Ends the function with r0 as its result. */
export function exit(): Instruction {
  return instruction(OP_EXIT);
}
