import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { attachProgram } from "../../src/link/index.ts";
import { SystemCallError } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { covers } from "../support/covers.ts";
import { testdata } from "../support/testdata.ts";

failOnLeaks();

test("freplace: takes the place of a function of a loaded program until it is closed", (context) => {
  const target = BpfObject.open(testdata("freplace-target.bpf.o"));
  context.after(() => target.close());
  target.load();
  const run = (): number => target.program("entry").testRun({ data: new Uint8Array(64) }).returnValue;
  const length = run() - 1;

  const object = BpfObject.open(testdata("freplace.bpf.o"));
  context.after(() => object.close());
  object.program("replacement").setAttachTarget({
    functionName: "replaceable",
    programFd: target.program("entry").fd,
  });
  try {
    object.load();
  } catch (error) {
    // A kernel without trampolines refuses here; one with them must not.
    assert.ok(error instanceof SystemCallError && error.errnoName === "EPERM");
    context.skip(`this kernel has no trampolines: ${error.message}`);
    return;
  }
  const link = attachProgram(object.program("replacement"));
  assert.equal(run(), length + 100);
  link.close();
  assert.equal(run(), length + 1);
  covers(context, "freplace", "target", "fired");
});
