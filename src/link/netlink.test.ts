import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ByteWriter, encodeCString } from "../internal/index.ts";
import { setSys } from "../sys/index.ts";
import { scriptedSys } from "../sys/scripted.ts";
import { EINTR, EINVAL } from "../uapi/errno.ts";
import { NLM_F_CREATE, netlinkRequest } from "./netlink.ts";

afterEach(() => setSys(undefined));

/** Puts a kernel in place whose answers are these. @returns what is sent to it, and the descriptors that are open */
function script(...answers: (Uint8Array | number)[]): { sent: Uint8Array[]; open: () => number } {
  const sent: Uint8Array[] = [];
  const sys = scriptedSys(({ name, args }) => {
    if (name === "write" && args[1] instanceof Uint8Array) {
      sent.push(args[1].slice());
      return args[1].length;
    }
    if (name !== "read") return undefined;
    const answer = answers.shift() ?? 0;
    if (typeof answer === "number") return answer;
    (args[1] as Uint8Array).set(answer);
    return answer.length;
  });
  setSys(sys);
  return { sent, open: () => sys.openFds.size };
}

/** A message of the kernel. */
function message(type: number, flags: number, ...body: (number | Uint8Array)[]): Uint8Array {
  const writer = new ByteWriter(true).u32(0).u16(type).u16(flags).u32(1).u32(0);
  for (const part of body) {
    if (typeof part === "number") writer.u32(part);
    else writer.bytes(part);
  }
  writer.patchU32(0, writer.length);
  return writer.finish();
}

const ACKNOWLEDGED = message(2, 0, 0, 0, 0, 0, 0);
const request = { type: 36, flags: NLM_F_CREATE, body: Uint8Array.of(1, 2, 3, 4) };

test("attributes are aligned and nested, messages before the acknowledgement are given back", () => {
  const kernel = script(-EINTR, message(44, 0, 7), ACKNOWLEDGED);
  const answers = netlinkRequest("Cannot try", "netlink(TRY)", {
    ...request,
    attributes: [
      [1, "abc"],
      [2, [[6, 0x01020304]]],
      [3, Uint8Array.of(9)],
    ],
  });
  assert.deepEqual(
    answers.map(({ type, body }) => [type, body.getUint32(0, true)]),
    [[44, 7]],
  );
  assert.deepEqual(
    [...(kernel.sent[0] ?? [])],
    [
      ...[48, 0, 0, 0, 36, 0, 5, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
      ...[8, 0, 1, 0, 97, 98, 99, 0],
      ...[12, 0, 2, 128, 8, 0, 6, 0, 4, 3, 2, 1],
      ...[5, 0, 3, 0, 9, 0, 0, 0],
    ],
  );
  assert.equal(kernel.open(), 0);
});

test("a refusal has the kernel's own words", () => {
  const words = encodeCString("Device is down");
  const attribute = new ByteWriter(true)
    .u16(words.length + 4)
    .u16(1)
    .bytes(words)
    .zeros(1)
    .finish();
  const kernel = script(message(2, 0x300, -EINVAL, 20, 0, 0, 0, attribute));
  assert.throws(() => netlinkRequest("Cannot try", "netlink(TRY)", request), {
    message: "Cannot try: Device is down: netlink(TRY) failed with EINVAL.",
    errnoName: "EINVAL",
  });
  assert.equal(kernel.open(), 0);
});

test("a damaged answer is an error, not a loop", () => {
  for (const answer of [0, message(44, 0).subarray(0, 12), Uint8Array.from({ length: 16 }, () => 255)]) {
    const kernel = script(answer);
    assert.throws(() => netlinkRequest("Cannot try", "netlink(TRY)", request), {
      message: /answer to netlink\(TRY\) is damaged/,
    });
    assert.equal(kernel.open(), 0);
  }
});
