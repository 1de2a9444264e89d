import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { LoadedProgram } from "./loaded-program.ts";

const TARGET = "/usr/bin/target:probed_function";

describe("uprobes", () => {
  it("uprobe counts the calls of a function in another program", (test) => {
    const loaded = new LoadedProgram(test, "uprobe", "on_uprobe");
    const link = loaded.attach(TARGET);
    execFileSync("/usr/bin/target", ["7"]);
    assert.equal(loaded.uint64("entries"), 7);
    assert.equal(loaded.int64("last_argument"), 7);
    link.detach();
    execFileSync("/usr/bin/target", ["7"]);
    assert.equal(loaded.uint64("entries"), 7);
  });

  it("uretprobe sees the results", (test) => {
    const loaded = new LoadedProgram(test, "uprobe", "on_uretprobe");
    loaded.attach(TARGET);
    execFileSync("/usr/bin/target", ["5"]);
    assert.equal(loaded.uint64("exits"), 5);
    assert.equal(loaded.int64("last_result"), 10);
  });
});
