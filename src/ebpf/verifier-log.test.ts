import assert from "node:assert/strict";
import { test } from "node:test";
import { findPoison, poisonMap } from "./poison.ts";
import { saysNothing, summarizeLog } from "./verifier-log.ts";

test("the reason is what follows the last instruction", () => {
  const log = `func#0 @0
0: R1=ctx() R10=fp0
; int *p = (int *)0; @ x.bpf.c:5
0: (b7) r1 = 0                        ; R1_w=0
; return *p; @ x.bpf.c:6
1: (61) r0 = *(u32 *)(r1 +0)
R1 invalid mem access 'scalar'
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
  const summary = summarizeLog(log);
  assert.equal(summary.instructionIndex, 1);
  assert.equal(summary.reason, "R1 invalid mem access 'scalar'");
  assert.deepEqual(summary.lastLines, ["1: (61) r0 = *(u32 *)(r1 +0)", "R1 invalid mem access 'scalar'"]);
});

test("statistics alone say nothing", () => {
  const statistics = "verification time 59 usec\nstack depth 0\nprocessed 0 insns (limit 1000000)\n";
  assert.ok(saysNothing(statistics));
  assert.ok(saysNothing(""));
  assert.ok(!saysNothing(`unreachable insn 7\n${statistics}`));
});

test("a log without instructions is its own reason", () => {
  assert.deepEqual(summarizeLog("unreachable insn 7\nprocessed 0 insns\n"), {
    instructionIndex: 7,
    reason: "unreachable insn 7",
    lastLines: ["unreachable insn 7"],
  });
  assert.equal(summarizeLog("").reason, "");
});

test("states and source lines after the last instruction are not the reason", () => {
  const summary = summarizeLog(`12: (85) call bpf_loop#181
R1 type=scalar expected=fp
; bpf_loop(...) @ x.c:1
13: R0=0 R10=fp0
`);
  assert.equal(summary.reason, "R1 type=scalar expected=fp");
});

test("poison is recognized by its number and place", () => {
  const instructions = new Uint8Array(24);
  instructions[8] = 0x18;
  poisonMap(instructions, 1, 7);
  const helper = new DataView(instructions.buffer).getInt32(12, true);
  assert.equal(instructions[8], 0x85);
  assert.equal(instructions[16], 0x85);
  const log = `4: (b7) r0 = 0\n5: (85) call unknown#${helper}\ninvalid func unknown#${helper}\n`;
  assert.deepEqual(findPoison(log), { kind: "reference", instructionIndex: 5 });
  assert.deepEqual(findPoison(log.replaceAll(String(helper), "195896080")), {
    kind: "core",
    instructionIndex: 5,
  });
  assert.equal(findPoison(log.replaceAll(String(helper), "9999")), undefined);
  assert.equal(findPoison("5: (85) call unknown#195896080\nR1 bad\n"), undefined);
});
