import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BPF_ALU64,
  BPF_JA,
  BPF_JEQ,
  BPF_JMP,
  BPF_JNE,
  BPF_JSGT,
  BPF_W,
  BPF_XOR,
  callHelper,
  callSubprogram,
  encodeInstructions,
  exit,
  type Instruction,
  instruction,
  jumpImm,
  load64Imm,
  loadMem,
  mov64Imm,
  mov64Reg,
  R0,
  R1,
  R2,
  R6,
  R7,
} from "../asm/index.ts";
import { reachableSlots } from "./reachable.ts";

function reachable(...instructions: Instruction[]): string {
  return reachableSlots(encodeInstructions(instructions, true), true).join("");
}

const jump = (offset: number): Instruction => instruction(BPF_JMP | BPF_JA, { offset });

test("a branch on a constant goes one way, on anything else both", () => {
  const rest = [mov64Imm(R0, 1), exit()];
  assert.equal(reachable(mov64Imm(R1, 0), jumpImm(BPF_JNE, R1, 0, 1), ...rest), "1111");
  assert.equal(reachable(mov64Imm(R1, 0), jumpImm(BPF_JEQ, R1, 0, 1), ...rest), "1101");
  assert.equal(reachable(loadMem(BPF_W, R1, R1, 0), jumpImm(BPF_JEQ, R1, 0, 1), ...rest), "1111");
  assert.equal(reachable(mov64Imm(R1, -1), jumpImm(BPF_JSGT, R1, 0, 1), ...rest), "1111");
  assert.equal(reachable(mov64Imm(R1, 1), jumpImm(BPF_JSGT, R1, 0, 1), ...rest), "1101");
});

test("constants go through moves and arithmetic, and calls only keep the registers they have to", () => {
  const xor = instruction(BPF_ALU64 | BPF_XOR, { dst: R7, imm: 1 });
  const flow = (condition: Instruction): string =>
    reachable(mov64Imm(R6, 1), mov64Reg(R7, R6), xor, callHelper(5), condition, mov64Imm(R0, 1), exit());
  assert.equal(flow(jumpImm(BPF_JEQ, R7, 0, 1)), "1111101");
  assert.equal(flow(jumpImm(BPF_JEQ, R6, 0, 1)), "1111111");
  const argument = reachable(
    mov64Imm(R2, 0),
    callHelper(5),
    jumpImm(BPF_JEQ, R2, 0, 1),
    mov64Imm(R0, 1),
    exit(),
  );
  assert.equal(argument, "11111");
});

test("where paths meet, only what both know is known; loops end", () => {
  const meeting = reachable(
    jumpImm(BPF_JEQ, R1, 0, 2),
    mov64Imm(R6, 0),
    jump(1),
    mov64Imm(R6, 1),
    jumpImm(BPF_JEQ, R6, 0, 1),
    exit(),
    exit(),
  );
  assert.equal(meeting, "1111111");
  assert.equal(reachable(mov64Imm(R6, 0), jump(-1), exit()), "110");
});

test("subprograms are reached by calls, and ldimm64 takes two slots", () => {
  assert.equal(reachable(load64Imm(R1, 5n), callSubprogram(1), exit(), exit()), "10111");
  assert.equal(
    reachable(load64Imm(R1, 5n), jumpImm(BPF_JEQ, R1, 5, 1), callSubprogram(1), exit(), exit()),
    "101010",
  );
});

test("jumps out of the program lead nowhere", () => {
  assert.equal(reachable(jump(100), exit()), "10");
  assert.equal(reachable(jump(-100), exit()), "10");
});
