import assert from "node:assert/strict";
import { test } from "node:test";
import { E2BIG, EINVAL, EMFILE, ENOSYS, EPERM } from "../uapi/errno.ts";
import { checkedCall, SystemCallError } from "./errors.ts";

function message(errno: number, call: string): string {
  return new SystemCallError(errno, call, 'Cannot load program "x"').message;
}

test("a negative result becomes an error that names action, call and errno", () => {
  assert.equal(checkedCall(3, "open", "Cannot open"), 3);
  assert.throws(() => checkedCall(-EINVAL, "bpf(BPF_PROG_LOAD)", 'Cannot load program "x"'), {
    name: "SystemCallError",
    code: "SYSCALL",
    errno: EINVAL,
    errnoName: "EINVAL",
    call: "bpf(BPF_PROG_LOAD)",
    message: 'Cannot load program "x": bpf(BPF_PROG_LOAD) failed with EINVAL.',
  });
});

test("errors with a remedy say it", () => {
  assert.match(message(EPERM, "bpf(BPF_PROG_LOAD)"), /CAP_BPF and CAP_PERFMON/);
  assert.doesNotMatch(message(EPERM, "open"), /CAP_BPF/);
  assert.match(message(ENOSYS, "bpf(BPF_PROG_LOAD)"), /This kernel has no bpf;/);
  assert.match(message(E2BIG, "bpf(BPF_LINK_CREATE)"), /too old/);
  assert.match(message(EMFILE, "open"), /ulimit -n/);
});
