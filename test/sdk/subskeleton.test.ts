import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compiledBpfPath } from "../support/compile-bpf.ts";
import { BothWays, directory, run, source } from "./both-ways.ts";

test("subskeleton: a library's variables in an object that was linked of two", () => {
  for (const part of ["app", "lib"]) {
    // There is one license in an object.
    const options = part === "lib" ? ["-DLICENSE=lib_license"] : [];
    const object = compiledBpfPath(source(`subskeleton-${part}.bpf.c`), options);
    copyFileSync(object, join(directory, `${part}.bpf.o`));
  }
  run("/usr/sbin/bpftool", ["gen", "object", "linked.bpf.o", "app.bpf.o", "lib.bpf.o"]);
  const header = (kind: string, object: string, name: string): void =>
    writeFileSync(
      join(directory, `${name}.${kind === "skeleton" ? "skel" : "subskel"}.h`),
      run("/usr/sbin/bpftool", ["gen", kind, object, "name", name]),
    );
  header("skeleton", "linked.bpf.o", "app");
  header("subskeleton", "lib.bpf.o", "lib");
  const program = new BothWays("subskeleton");
  const native = program.native();
  assert.equal(native.status, 0, native.stderr);
  assert.match(native.stdout, /^after: 130, 130 1 6$/m);
  assert.deepEqual(program.run([], []), native);
});
