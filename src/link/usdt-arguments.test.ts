import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUsdtSpec, parseUsdtArguments, type UsdtArgument } from "./usdt-arguments.ts";

function parsed(text: string, machine: "x64" | "arm64"): readonly UsdtArgument[] {
  const result = parseUsdtArguments(text, machine);
  assert.ok(typeof result !== "string", `${result} was not read`);
  return result;
}

const plain = { value: 0n, register: 0, index: 0, scaleShift: 0, signed: false };

test("x86-64: registers of every size, constants, memory, indexed memory", () => {
  assert.deepEqual(parsed("-4@%esi 8@%rax 1@%al 2@%r10w -1@%sil 4@$71 -4@$-9", "x64"), [
    { ...plain, kind: "register", register: 104, sizeBytes: 4, signed: true },
    { ...plain, kind: "register", register: 80, sizeBytes: 8 },
    { ...plain, kind: "register", register: 80, sizeBytes: 1 },
    { ...plain, kind: "register", register: 56, sizeBytes: 2 },
    { ...plain, kind: "register", register: 104, sizeBytes: 1, signed: true },
    { ...plain, kind: "constant", value: 71n, sizeBytes: 4 },
    { ...plain, kind: "constant", value: -9n, sizeBytes: 4, signed: true },
  ]);
  assert.deepEqual(parsed("8@(%rsp) -4@-24(%rbp) 2@(%rax,%rdi,2) 1@8(%r8,%r9)", "x64"), [
    { ...plain, kind: "memory", register: 152, sizeBytes: 8 },
    { ...plain, kind: "memory", register: 32, value: -24n, sizeBytes: 4, signed: true },
    { ...plain, kind: "indexed", register: 80, index: 112, scaleShift: 1, sizeBytes: 2 },
    { ...plain, kind: "indexed", register: 72, index: 64, value: 8n, sizeBytes: 1 },
  ]);
});

test("x86-64: variables at a distance from the probe", () => {
  const variables = (name: string): bigint | undefined => ({ "small.0": -16n, table: 4096n })[name];
  assert.deepEqual(
    parseUsdtArguments("-1@small.0(%rip) 8@24+table(%rip) 4@table-4(%rip)", "x64", variables),
    [
      { ...plain, kind: "memory", register: 128, value: -16n, sizeBytes: 1, signed: true },
      { ...plain, kind: "memory", register: 128, value: 4120n, sizeBytes: 8 },
      { ...plain, kind: "memory", register: 128, value: 4092n, sizeBytes: 4 },
    ],
  );
  assert.equal(parseUsdtArguments("-4@other(%rip)", "x64", variables), "-4@other(%rip)");
});

test("arm64: registers, the stack pointer, constants, memory with spaces", () => {
  assert.deepEqual(parsed("-4@[sp, 60] 8@x0 4@w30 8@[x19] -4@5 1@[x2, #-8]", "arm64"), [
    { ...plain, kind: "memory", register: 248, value: 60n, sizeBytes: 4, signed: true },
    { ...plain, kind: "register", register: 0, sizeBytes: 8 },
    { ...plain, kind: "register", register: 240, sizeBytes: 4 },
    { ...plain, kind: "memory", register: 152, sizeBytes: 8 },
    { ...plain, kind: "constant", value: 5n, sizeBytes: 4, signed: true },
    { ...plain, kind: "memory", register: 16, value: -8n, sizeBytes: 1 },
  ]);
});

test("an argument that cannot be read is given back", () => {
  assert.deepEqual(parseUsdtArguments("", "x64"), []);
  for (const argument of ["-1@small(%rip)", "4@%xmm0", "3@%rax", "8@", "8@(%rax,%rbx,3)", "4@%r16"]) {
    assert.equal(parseUsdtArguments(`4@$1 ${argument}`, "x64"), argument);
  }
  assert.equal(parseUsdtArguments("8@x31", "arm64"), "8@x31");
});

test("descriptions have the layout of the object's usdt.bpf.h", () => {
  const args = parsed("-2@-8(%rbp)", "x64");
  const short = encodeUsdtSpec(args, 5n, 208);
  assert.ok(short !== undefined);
  assert.deepEqual([...short.subarray(0, 16)], [0xf8, ...Array(7).fill(255), 2, 0, 0, 0, 32, 0, 1, 48]);
  assert.deepEqual([...short.subarray(192)], [5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  const indexed = parsed("8@(%rax,%rsp,8)", "x64");
  assert.equal(encodeUsdtSpec(indexed, 0n, 208), undefined);
  const long = encodeUsdtSpec(indexed, 0n, 304);
  assert.ok(long !== undefined);
  assert.deepEqual([...long.subarray(8, 24)], [3, 0, 152, 0x30, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(encodeUsdtSpec(args, 0n, 100), undefined);
});
