import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedInputError } from "../internal/index.ts";
import { BPF_FUNC_map_lookup_elem } from "../uapi/bpf.ts";
import {
  BPF_DW,
  BPF_JEQ,
  BPF_W,
  callHelper,
  callKfunc,
  callSubprogram,
  constantOf,
  decodeInstructions,
  disassemble,
  encodeInstructions,
  exit,
  formatInstruction,
  instruction,
  jumpImm,
  load64Imm,
  loadFunction,
  loadMapFd,
  loadMapValue,
  loadMem,
  mov64Imm,
  mov64Reg,
  R0,
  R1,
  R2,
  R10,
  slotCount,
  storeImm,
  storeReg,
  swapInstructionBytes,
} from "./index.ts";

const program = [
  mov64Reg(R2, R10),
  storeImm(BPF_W, R10, -4, -1),
  storeReg(BPF_DW, R10, -16, R1),
  loadMapFd(R1, 7),
  callHelper(BPF_FUNC_map_lookup_elem),
  jumpImm(BPF_JEQ, R0, 0, 1),
  loadMem(BPF_DW, R0, R0, 8),
  loadMapValue(R1, 7, 16),
  load64Imm(R2, -2n),
  loadFunction(R2, 3),
  callSubprogram(-5),
  callKfunc(1234, 1),
  mov64Imm(R0, 0),
  exit(),
];

for (const littleEndian of [true, false]) {
  test(`${littleEndian ? "little" : "big"}-endian instructions decode to what was encoded`, () => {
    const bytes = encodeInstructions(program, littleEndian);
    assert.equal(bytes.length, program.reduce((sum, one) => sum + slotCount(one), 0) * 8);
    assert.deepEqual(decodeInstructions(bytes, littleEndian), program);
    assert.deepEqual(swapInstructionBytes(bytes), encodeInstructions(program, !littleEndian));
  });
}

test("little-endian encoding is the kernel's layout", () => {
  const bytes = encodeInstructions([jumpImm(BPF_JEQ, R1, 0x01020304, -2)], true);
  assert.deepEqual([...bytes], [0x15, 0x01, 0xfe, 0xff, 0x04, 0x03, 0x02, 0x01]);
});

test("lists instructions with their slots, a 64-bit load takes two", () => {
  const bytes = encodeInstructions([load64Imm(R1, 0x1_0000_0005n), callHelper(1), exit()], true);
  assert.deepEqual(disassemble(bytes, true, { symbolAt: (slot) => (slot === 2 ? "lookup" : undefined) }), [
    "       0: r1 = 0x100000005 ll",
    "       2: call 0x1 <lookup>",
    "       3: exit",
  ]);
});

test("a 64-bit constant survives as its two halves", () => {
  assert.equal(constantOf(load64Imm(R1, -1n)), 0xffff_ffff_ffff_ffffn);
  assert.equal(constantOf(load64Imm(R1, 0x8000_0000n)), 0x8000_0000n);
});

test("an incomplete program is malformed input", () => {
  assert.throws(() => decodeInstructions(new Uint8Array(7), true), MalformedInputError);
  const half = encodeInstructions([load64Imm(R1, 0n)], true).subarray(0, 8);
  assert.throws(() => decodeInstructions(half, true), { message: /second half of ldimm64/ });
});

test("every opcode formats to something, unknown ones to their number", () => {
  for (let opcode = 0; opcode < 256; opcode++) {
    assert.notEqual(formatInstruction(instruction(opcode, { immHigh: 0 })), "");
  }
  assert.equal(formatInstruction(instruction(0xff)), "unknown opcode 0xff");
  // As llvm-objdump writes them.
  assert.equal(formatInstruction(load64Imm(R1, 0xffff_ffff_0000_0000n)), "r1 = -0x100000000 ll");
  assert.equal(formatInstruction(load64Imm(R1, 1n << 63n)), "r1 = -0x8000000000000000 ll");
});
