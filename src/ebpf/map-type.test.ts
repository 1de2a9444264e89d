import assert from "node:assert/strict";
import { test } from "node:test";
import { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_RINGBUF } from "../uapi/bpf.ts";
import { effectiveMaxEntries } from "./map-type.ts";

test("ring buffers are page size times a power of two", () => {
  const cases: [wanted: number, page: number, expected: number][] = [
    [0, 4096, 0],
    [1, 4096, 4096],
    [4096, 4096, 4096],
    [4097, 4096, 8192],
    [5000, 65536, 65536],
    [12288, 4096, 16384],
    [0xffff_ffff, 4096, 0xffff_ffff],
    [0x8000_0000, 4096, 0x8000_0000],
  ];
  for (const [wanted, page, expected] of cases) {
    assert.equal(effectiveMaxEntries(BPF_MAP_TYPE_RINGBUF, wanted, page), expected, `${wanted}`);
  }
  assert.equal(effectiveMaxEntries(BPF_MAP_TYPE_HASH, 5, 4096), 5);
});
