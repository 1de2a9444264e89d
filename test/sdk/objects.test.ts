import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mountBpfFileSystem } from "../support/bpf-file-system.ts";
import { BothWays, directory } from "./both-ways.ts";

mountBpfFileSystem();

const program = new BothWays("objects");
const object = join(directory, "objects.bpf.o");

test("objects: opened by hand, maps in maps, pins, maps of others: as with the machine's libbpf", () => {
  const folder = `/sys/fs/bpf/wasm-bpf-sdk-${process.pid}`;
  const deep = join(folder, "deep");
  mkdirSync(folder);
  try {
    const native = program.native(object, folder);
    assert.equal(native.status, 0, native.stdout + native.stderr);
    // The guest makes it again.
    rmdirSync(deep);
    const guest = program.run([object, folder]);
    assert.equal(guest.stderr, "");
    assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
    assert.equal(guest.status, 0);
    rmdirSync(deep);
  } finally {
    // NB: fails when something is left in it.
    rmdirSync(folder);
  }
});

test("objects: globals are made larger, and stay the program's own memory", () => {
  const { stdout, stderr, status } = program.run(["resize", ""]);
  assert.equal(status, 0, stdout + stderr);
  const shown = new Map(stdout.split("\n").map((line) => line.split(": ") as [string, string]));
  assert.equal(shown.get("values[0]"), "100");
  assert.equal(shown.get("bpf_map__value_size(map)"), "20000");
  assert.equal(shown.get("bpf_map__btf_value_type_id(map) != 0"), "1");
  assert.equal(shown.get("objects__load(skel)"), "0");
  assert.deepEqual(
    [...stdout.matchAll(/^skel->bss->sum: (\d+)$/gm)].map(([, sum]) => sum),
    ["220", "1425"],
  );
  assert.equal(shown.get("bpf_map__set_value_size(map, 4)"), "-16, Device or resource busy");
});
