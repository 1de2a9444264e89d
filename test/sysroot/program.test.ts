import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { engine } from "../../src/host/engine.ts";
import { BothWays, directory, moduleBytes, nodes, runGuest, sourceFile } from "./lp64.ts";

const program = new BothWays(sourceFile("program.c"));
const words = ["-a", "--long=x y", "-b", "", "--flag", "last", "käse"];

function scratch(name: string): string {
  const path = join(directory, name);
  mkdirSync(path);
  return path;
}

for (const zone of ["UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<-0330>3:30"]) {
  test(`a program prints and ends as the native one does, TZ=${zone}`, () => {
    const environment = { TZ: zone, GIVEN: "a value" };
    const name = zone.replaceAll("/", "_");
    const native = program.runNative([scratch(`native-${name}`), ...words], environment);
    assert.equal(native.status, 7, native.stderr);
    assert.deepEqual(program.runGuest([scratch(`guest-${name}`), ...words], environment), native);
  });
}

test("the lowered module runs on every Node.js there is", () => {
  const environment = { TZ: "UTC0", GIVEN: "a value" };
  const native = program.runNative([scratch("native"), ...words], environment);
  for (const [i, node] of nodes().entries()) {
    const run = runGuest(node, program.guest, [scratch(`node-${i}`), ...words], environment);
    assert.deepEqual(run, native, node);
  }
});

test("it imports WASI and the host of version 2 and nothing else", () => {
  const imports = engine.Module.imports(new engine.Module(moduleBytes(program.guest)));
  const modules = [...new Set(imports.map(({ module }) => module))];
  assert.deepEqual(modules.sort(), ["wasi_snapshot_preview1", "wasm_bpf_2"]);
});
