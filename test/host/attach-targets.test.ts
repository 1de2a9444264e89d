import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestCgroup } from "../support/cgroup.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileProgram } from "../support/compile-program.ts";
import { cli, compileGuest } from "../support/guest.ts";

/** A program with a function and a static probe. */
const TARGET = compileProgram(`
#include <sys/sdt.h>
__attribute__((noinline)) int probed(int x) { STAP_PROBE1(own, here, x); return x; }
int main(int count, char **arguments) { (void)arguments; return probed(count); }
`);

const PROGRAMS = compileBpf(`
#include <asm/ptrace.h>
#include <stdbool.h>
#include <bpf/usdt.bpf.h>
#define PROGRAM(section, name) SEC(section) int name(void *ctx) { return 0; }
PROGRAM("tp", on_tracepoint)
PROGRAM("raw_tp", on_raw)
PROGRAM("uprobe", on_call)
PROGRAM("uretprobe", on_return)
PROGRAM("uprobe.multi", on_calls)
PROGRAM("perf_event", on_sample)
PROGRAM("xdp", on_xdp)
PROGRAM("tcx/ingress", on_tcx)
PROGRAM("tc", on_tc)
PROGRAM("tc", on_tc_out)
PROGRAM("socket", on_frame)
PROGRAM("netfilter", on_netfilter)
PROGRAM("lwt_out", on_lwt)
PROGRAM("cgroup/sock_create", on_create)
SEC("sk_lookup") int on_lookup(void *ctx) { return 1; }
SEC("usdt") int BPF_USDT(on_probe, int value) { return value; }
`);

/** Attaches each program of its arguments to the target behind it, and prints what came of it. */
const GUEST = compileGuest(
  `
int main(int count, char **arguments) {
  uint64_t obj = load(PTR(object), object_size);
  if (!obj) return 1;
  for (int i = 1; i + 1 < count; i += 2) printf("%s %d\\n", arguments[i], attach(obj, PTR(arguments[i]), PTR(arguments[i + 1])));
  return close_object(obj) != 0;
}`,
  PROGRAMS,
);

test("a guest attaches programs of each kind by a target in words", async (context) => {
  const group = new TestCgroup("targets");
  context.after(() => group.remove());
  const targets: Record<string, string> = {
    on_tracepoint: "sched:sched_process_fork",
    on_raw: "sched_process_fork",
    on_call: `${TARGET}:probed`,
    on_return: `${TARGET}:probed`,
    on_sample: "",
    on_probe: `${TARGET}:own:here`,
    on_create: group.path,
    on_xdp: "lo",
    on_tc: "lo",
    on_tc_out: "lo:egress",
    on_frame: "lo",
    on_lookup: "/proc/self/ns/net",
    on_lwt: "10.9.0.0/16 dev lo",
    on_calls: `${TARGET}:prob*`,
    on_tcx: "lo",
    on_netfilter: "ipv4:local_out:-10",
  };
  await withDirectory((directory) => {
    const module = join(directory, "guest.wasm");
    writeFileSync(module, GUEST);
    const setUp = 'ip link set lo up && exec "$@"';
    const args = Object.entries(targets).flat();
    const run = spawnSync(
      "unshare",
      ["-n", "sh", "-c", setUp, "sh", process.execPath, cli, module, ...args],
      { encoding: "utf8" },
    );
    const results = new Map(
      run.stdout
        .trim()
        .split("\n")
        .map((line): [string, number] => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]),
    );
    assert.equal(run.status, 0, run.stderr);
    for (const name of Object.keys(targets)) {
      assert.equal(results.get(name), 0, `${name}: ${run.stderr}`);
    }
  });
});
