import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it, type TestContext } from "node:test";
import { bringUp, ip } from "../../support/interfaces.ts";
import { LoadedProgram } from "./loaded-program.ts";

const ENOENT = 2;

/** Opens a pair of virtual interfaces, which are the module veth's. */
async function openInterfaces(test: TestContext): Promise<void> {
  ip("link", "add", "opened0", "type", "veth", "peer", "name", "opened1");
  test.after(() => ip("link", "del", "opened0"));
  await bringUp("opened0", "opened1");
}

describe("modules of the kernel", () => {
  it("fentry is attached to a function of a module", async (test) => {
    const loaded = new LoadedProgram(test, "modules", "on_fentry");
    loaded.attach();
    await openInterfaces(test);
    assert.equal(loaded.uint64("fentries"), 2);
  });

  it("a kprobe is attached to a function of a module", async (test) => {
    const loaded = new LoadedProgram(test, "modules", "on_kprobe");
    loaded.attach();
    await openInterfaces(test);
    assert.equal(loaded.uint64("kprobes"), 2);
  });

  it("types of a module are found by CO-RE", (test) => {
    assert.equal(new LoadedProgram(test, "modules", "types").run(), 0b0011);
  });

  it("a program calls a function of a module, once the module is loaded", (test) => {
    assert.throws(
      () => new LoadedProgram(test, "module-calls", "connection"),
      /"bpf_ct_release" is not in the BTF/,
    );
    execFileSync("modprobe", ["nf_conntrack"]);
    assert.equal(new LoadedProgram(test, "module-calls", "connection").run(), ENOENT);
  });
});
