import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProject } from "../../src/toolchain/index.ts";
import { withDirectory } from "../support/compile.ts";
import { RunningExample } from "./running-example.ts";

const BPF = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
const volatile int step = 1;
int base = 1;
unsigned long long seen, optional_seen;
extern int CONFIG_HZ __kconfig;
int hz;
SEC("raw_tp/sys_enter") int wanted(void *ctx) { seen += step; base++; hz = CONFIG_HZ; return 0; }
/* The verifier refuses it. */
SEC("raw_tp/sys_enter") int unwanted(void *ctx) { return *(int *)0; }
SEC("?raw_tp/sys_enter") int optional(void *ctx) { optional_seen++; return 0; }
`;

const GUEST = `#include "probe.skel.h"
int main(void)
{
	struct probe_bpf *skel = probe_bpf__open();
	struct probe_bpf *second;

	if (!skel) return 10;
	if (skel->rodata->step != 1 || skel->data->base != 1 || skel->bss->seen != 0) return 11;
	skel->rodata->step = 1000;
	skel->data->base = 1000000;
	skel->bss->seen = 5;
	bpf_program__set_autoload(skel->progs.unwanted, false);
	bpf_program__set_autoload(skel->progs.optional, true);
	if (probe_bpf__load(skel)) return 12;
	if (wasm_bpf_object__read_globals(skel->obj) || skel->bss->seen != 5) return 13;
	if (skel->data->base != 1000000) return 14;
	if (probe_bpf__attach(skel)) return 15;
	do
		if (wasm_bpf_object__read_globals(skel->obj)) return 16;
	while (skel->bss->seen < 5 + 3000 || !skel->bss->optional_seen);
	if (skel->bss->seen % 1000 != 5 || skel->data->base <= 1000000) return 17;
	if (skel->bss->hz == 0 || skel->bss->hz != skel->kconfig->CONFIG_HZ) return 18;
	if (skel->links.unwanted || !skel->links.wanted || !skel->links.optional) return 19;
	skel->data->base = -1000000;
	if (wasm_bpf_object__write_globals(skel->obj)) return 20;
	if (wasm_bpf_object__read_globals(skel->obj) || skel->data->base >= 0) return 21;
	if (bpf_object__find_map_fd_by_name(skel->obj, "none") != -ENOENT) return 22;
	second = probe_bpf__open_and_load(); /* with the program that is refused */
	if (second || errno != EINVAL) return 23;
	probe_bpf__detach(skel);
	if (wasm_bpf_object__read_globals(skel->obj) != -EBADF) return 24;
	probe_bpf__destroy(skel);
	return 0;
}
`;

test("globals, autoload and kconfig reach the kernel through a skeleton", async () => {
  await withDirectory(async (directory) => {
    writeFileSync(join(directory, "probe.bpf.c"), BPF);
    writeFileSync(join(directory, "probe.c"), GUEST);
    await buildProject(directory, { wasm32: true });
    await using guest = new RunningExample(join(directory, "probe.wasm"));
    const { status, stdout, stderr } = await guest.ended();
    assert.equal(status, 0, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /unwanted/);
  });
});
