import assert from "node:assert/strict";
import { test } from "node:test";
import * as bpf from "../uapi/bpf.ts";
import { matchSection, sectionKinds } from "./index.ts";

test("knows the 116 section names of libbpf 1.8, each once", () => {
  const names = sectionKinds().map(({ name }) => name);
  assert.equal(names.length, 116);
  assert.equal(new Set(names).size, 116);
});

test("a name with a plus matches alone and with a target", () => {
  const probe = matchSection("kprobe/do_unlinkat");
  assert.equal(probe.name, "kprobe+");
  assert.equal(probe.programType, bpf.BPF_PROG_TYPE_KPROBE);
  assert.equal(probe.target, "do_unlinkat");
  assert.equal(probe.attachHook, "kprobe");
  assert.equal(matchSection("kprobe").target, undefined);
  assert.equal(matchSection("tp/sched/sched_switch").target, "sched/sched_switch");
  assert.equal(matchSection("uprobe.multi.s//bin/sh:main").target, "/bin/sh:main");
});

test("a name without a plus matches exactly", () => {
  assert.equal(matchSection("xdp").name, "xdp");
  assert.equal(matchSection("xdp/devmap").expectedAttachType, bpf.BPF_XDP_DEVMAP);
  for (const name of ["xdp/eth0", "xdp_pass", "kprobes/x", "kprobe.x", "cgroup_skb", "", "?"]) {
    const kind = matchSection(name);
    assert.equal(kind.name, "", name);
    assert.equal(kind.programType, bpf.BPF_PROG_TYPE_UNSPEC, name);
  }
});

test("a leading question mark does not change the kind", () => {
  assert.deepEqual(matchSection("?fentry.s/vfs_read"), matchSection("fentry.s/vfs_read"));
});

test("an attach type of zero is not the absence of one", () => {
  assert.equal(matchSection("cgroup_skb/ingress").expectedAttachType, bpf.BPF_CGROUP_INET_INGRESS);
  assert.equal(matchSection("cgroup/skb").expectedAttachType, undefined);
});

test("traits follow the name", () => {
  const sleepable = matchSection("lsm.s/file_open");
  assert.deepEqual(
    [sleepable.sleepable, sleepable.needsAttachBtf, sleepable.autoAttach, sleepable.attachHook],
    [true, true, true, "lsm"],
  );
  assert.equal(matchSection("xdp.frags").xdpFrags, true);
  assert.equal(matchSection("xdp").attachTypeOptional, true);
  assert.equal(matchSection("lsm_cgroup/socket_bind").attachHook, "cgroup");
});
