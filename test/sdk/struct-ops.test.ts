import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { BothWays, directory } from "./both-ways.ts";

test("struct_ops: programs in the struct, links of the skeleton's maps, replacement", (context) => {
  if (kernelVersion() < versionCode(6, 4, 0)) {
    context.skip("links of struct_ops maps need Linux 6.4");
    return;
  }
  const program = BothWays.guestOnly("struct-ops");
  const { stdout, stderr, status } = program.run([join(directory, "struct-ops.bpf.o")]);
  assert.equal(status, 0, stdout + stderr);
  assert.deepEqual(stdout.trim().split("\n"), EXPECTED.trim().split("\n"));
  assert.match(
    stderr,
    /^libbpf: map 'first': BPF skeleton version is old, skipping map auto-attachment...$/m,
  );
});

const EXPECTED = `
bpf_object__open_skeleton(s, NULL): 0
size >= sizeof(*first): 1
first->ssthresh == progs[0] && first->init == progs[3]: 1
((struct congestion_shadow *)bpf_map__initial_value(maps[SECOND], NULL))->init == progs[4]: 1
bpf_map__autoattach(maps[FIRST]) && !bpf_map__is_internal(maps[FIRST]): 1
bpf_map__set_autoattach(maps[BSS], false): -22, Invalid argument
bpf_map__set_autoattach(maps[SECOND], false): 0
bpf_map__set_initial_value(maps[FIRST], first, size): -22, Invalid argument
bpf_map__attach_struct_ops(maps[BSS]): 0, Invalid argument
bpf_map__attach_struct_ops(maps[FIRST]): 0, Invalid argument
sdk_guest available: 0
bpf_object__attach_skeleton(s): 0
map_links[FIRST] != NULL && map_links[UNLINKED] != NULL: 1
map_links[SECOND] != NULL: 0
sdk_guest available: 1
sdk_unlinked available: 1
bpf_link__update_map(map_links[FIRST], maps[SECOND]): 0
bpf_link__update_map(map_links[FIRST], maps[BSS]): -22, Invalid argument
bpf_link__update_map(map_links[UNLINKED], maps[FIRST]): -22, Invalid argument
*bss: 0
sdk_guest available: 0
sdk_unlinked available: 0
bpf_object__open_skeleton(s, NULL): 0
bpf_object__load_skeleton(s): 0
bpf_object__attach_skeleton(s): 0
sdk_first available: 0
sdk_first available: 1
bpf_link__destroy(link): 0
sdk_first available: 0
`;
