import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { btfOfImage, isVmlinuz, vmlinuxOf } from "./vmlinuz.ts";

/** Arm64's image with BTF of no types and the strings "" at 256, and what looks like its header before. */
function image(): Uint8Array {
  const bytes = new Uint8Array(512);
  bytes.set([0x41, 0x52, 0x4d, 0x64], 56);
  bytes.set([0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 9, 9], 100);
  bytes.set([0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], 256);
  return bytes;
}

test("arm64's image: its BTF is found by the header", () => {
  assert.deepEqual(btfOfImage(image()), image().subarray(256, 256 + 25));
  assert.equal(btfOfImage(image().subarray(0, 270)), undefined);
  assert.equal(btfOfImage(image().fill(0, 56, 60)), undefined);
  assert.equal(btfOfImage(new Uint8Array(10)), undefined);
  const compressed = new Uint8Array(gzipSync(image()));
  assert.ok(isVmlinuz(compressed));
  assert.equal(btfOfImage(vmlinuxOf(compressed))?.length, 25);
});
