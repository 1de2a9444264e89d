import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { BothWays } from "./both-ways.ts";

const EXPECTED = `bpf_raw_tracepoint_open_opts(prog, &tracepoint): good
bpf_prog_get_info_by_fd(prog, &about_prog, &size): 0
newer
bpf_map_get_info_by_fd(map, &about_map, &size): 0
about_map.max_entries: 7
bpf_link_get_info_by_fd(link, &about_link, &size): 0
about_link.prog_id == about_prog.id: 1
btf__load_into_kernel(btf): 0
bpf_btf_get_info_by_fd(btf__fd(btf), &about_btf, &size): 0
about_btf.btf_size: 45
bpf_obj_pin_opts(map, "newer", &pin): 0
again >= 0: 1
unlinkat(directory, "newer", 0): 0
bpf_token_create(directory, NULL) < 0: 1
libbpf_set_memlock_rlim(0): 0
btf__new_empty_opts(&opts): good
btf_ext__new(ext, sizeof(ext)): good
btf__add_int(btf, "int", 4, BTF_INT_SIGNED): 1
btf__add_ptr(btf, 1): 2
btf__add_struct(btf, "pair", 16): 3
btf__add_field(btf, "number", 1, 0, 0): 0
btf__add_field(btf, "next", 2, 64, 0): 0
btf__permute(btf, order, 3, NULL): -22, Invalid argument
btf__permute(btf, bad, 4, NULL): -22, Invalid argument
btf__permute(btf, order, 4, NULL): 0
btf__find_by_name(btf, "int"): 3
btf__find_by_name(btf, "pair"): 2
btf__type_by_id(btf, 1)->type: 3
btf_members(btf__type_by_id(btf, 2))[0].type: 3
btf_members(btf__type_by_id(btf, 2))[1].type: 1
btf__resolve_size(btf, 2): 16
btf__add_decl_attr(btf, "counted", 2, 0): 4
btf_kflag(btf__type_by_id(btf, 4)): 1
btf__add_type_attr(btf, "user", 3): 5
btf_kflag(btf__type_by_id(btf, 5)): 1
btf__add_ptr(split, 2): 6
btf__add_const(split, 6): 7
btf__permute(split, own, 2, NULL): 0
btf__type_by_id(split, 6)->type: 7
btf__type_by_id(split, 7)->type: 2
btf__dedup(split, NULL): -95, Operation not supported
btf__new_empty_opts(&opts): Operation not supported
btf_ext__endianness(section): 0
btf_ext__set_endianness(section, BTF_LITTLE_ENDIAN): 0
memcmp(btf_ext__raw_data(section, &size), ext, sizeof(ext)): 0
size: 44
perf_buffer__buffer(pb, 0, &memory, &size): -95, Operation not supported
perf_buffer__buffer(pb, 1000, &memory, &size): -22, Invalid argument
`;

const EXPECTED_SINCE_6_17 = `bpf_prog_stream_read(prog, 1, text, sizeof(text), NULL): 0
bpf_prog_stream_read(prog, 99, text, sizeof(text), NULL): -2, No such file or directory
bpf_prog_attach(prog, group, BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI): 0
bpf_prog_attach_opts(other, group, BPF_CGROUP_INET_EGRESS, &first): 0
bpf_prog_query_opts(group, BPF_CGROUP_INET_EGRESS, &query): 0
query.count: 2
ids[0] == info.id: 1
query.revision: 3
bpf_prog_detach_opts(other, group, BPF_CGROUP_INET_EGRESS, &detach): -116, Stale file handle
bpf_prog_detach_opts(other, group, BPF_CGROUP_INET_EGRESS, &detach): 0
bpf_prog_detach_opts(prog, group, BPF_CGROUP_INET_EGRESS, NULL): 0
`;

/** What the guest prints; made once. */
function newer(...args: string[]): string {
  program ??= new BothWays("newer", ["-Wno-unused"], true);
  const guest = program;
  let output = "";
  withBpfFileSystem((root) => {
    const { stdout, stderr, status } = guest.run([root, ...args], ["--allow-all", "--dir", root]);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    output = stdout;
  });
  return output;
}

let program: BothWays | undefined;

test("functions that the machine's libbpf may not have answer as libbpf 1.8 does", () => {
  assert.deepEqual(newer().split("\n"), EXPECTED.split("\n"));
});

test("programs of a group have an order, and programs print to streams", (t) => {
  if (kernelVersion() < versionCode(6, 17, 0)) {
    t.skip("the kernel has neither: both came with Linux 6.17");
    return;
  }
  const group = new TestCgroup("sdk-newer");
  try {
    assert.deepEqual(newer(group.path).split("\n"), (EXPECTED + EXPECTED_SINCE_6_17).split("\n"));
  } finally {
    group.remove();
  }
});
