import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { BpfAttr, getSys } from "../../src/sys/index.ts";
import { EBADF } from "../../src/uapi/errno.ts";
import { BothWays, source } from "./both-ways.ts";

const BPF_PROG_ASSOC_STRUCT_OPS = 38;

/** Whether programs can belong to struct_ops maps: only a kernel that knows the command looks for the program. */
function kernelAssociates(): boolean {
  return getSys().bpf(BPF_PROG_ASSOC_STRUCT_OPS, new BpfAttr(12).i32(0, -1).i32(4, -1)) === -EBADF;
}

/** Calls that get as far as the kernel, and what one that associates answers. */
const ASSOCIATED: Readonly<Record<string, string>> = {
  "bpf_program__assoc_struct_ops(skel->progs.owner, control, NULL)": "0",
  "bpf_prog_assoc_struct_ops(program, map, NULL)": "0",
  "bpf_prog_assoc_struct_ops(program, -1, NULL)": "-9, Bad file descriptor",
};

/** What the same program prints that is linked with libbpf 1.8 itself; the file is of a kernel without associations. */
function expectedLines(associates: boolean): string[] {
  const lines = source("associations.expected").split("\n");
  if (!associates) return lines;
  return lines.map((line) => {
    const [call = ""] = line.split(" = ");
    const answer = ASSOCIATED[call];
    return answer === undefined ? line : `${call} = ${answer}`;
  });
}

test("maps are for one program, and programs belong to struct_ops maps, as with libbpf 1.8", (context) => {
  if (kernelVersion() < versionCode(6, 18, 0)) {
    context.skip("maps for one program need Linux 6.18");
    return;
  }
  const { stdout, stderr, status } = BothWays.guestOnly("associations").run();
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), expectedLines(kernelAssociates()));
  assert.equal(status, 0);
});
