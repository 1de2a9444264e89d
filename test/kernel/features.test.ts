import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import {
  featureOrigin,
  haveBtfKind,
  haveHelper,
  haveLinkType,
  haveMapType,
  haveProgramType,
  kernelVersion,
} from "../../src/kernel/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import * as uapi from "../../src/uapi/bpf.ts";

failOnLeaks();

const CONSTANTS: Readonly<Record<string, unknown>> = { ...uapi };

/** What is needed of bpftool's answer. */
interface BpftoolFeatures {
  readonly program_types: Readonly<Record<string, boolean>>;
  readonly map_types: Readonly<Record<string, boolean>>;
  readonly helpers: Readonly<Record<string, readonly string[]>>;
}

test("the probes answer as bpftool's", (context) => {
  const run = spawnSync("bpftool", ["-j", "feature", "probe", "kernel"], { maxBuffer: 1 << 26 });
  if (run.error !== undefined) {
    context.skip("there is no bpftool on this machine");
    return;
  }
  const { program_types, map_types, helpers } = JSON.parse(run.stdout.toString()) as BpftoolFeatures;
  let compared = 0;
  const check = (have: boolean, theirs: boolean, name: string): void => {
    assert.equal(have, theirs, name);
    compared++;
  };
  for (const [key, theirs] of Object.entries(program_types)) {
    const name = key.replace(/^have_|_prog_type$/g, "");
    const number = CONSTANTS[`BPF_PROG_TYPE_${name.toUpperCase()}`];
    // Where the kernel refuses all trampolines its answer is EPERM, which bpftool takes for a no.
    if (typeof number !== "number" || ["tracing", "lsm", "ext"].includes(name)) continue;
    check(haveProgramType(number), theirs, name);
  }
  for (const [key, theirs] of Object.entries(map_types)) {
    const name = key.replace(/^have_|_map_type$/g, "");
    const number = CONSTANTS[`BPF_MAP_TYPE_${name.toUpperCase()}`];
    if (typeof number === "number") check(haveMapType(number), theirs, name);
  }
  for (const type of ["socket_filter", "kprobe", "xdp", "sched_cls", "cgroup_sock_addr"]) {
    const available = new Set(helpers[`${type}_available_helpers`]);
    const programType = Number(CONSTANTS[`BPF_PROG_TYPE_${type.toUpperCase()}`]);
    for (let helper = 1; helper <= uapi.BPF_FUNC_user_ringbuf_drain; helper++) {
      const name = Object.keys(CONSTANTS).find(
        (one) => one.startsWith("BPF_FUNC_") && CONSTANTS[one] === helper,
      );
      const theirs = available.has((name ?? "").replace("BPF_FUNC_", "bpf_"));
      // bpftool leaves these out, because probing them writes to the kernel's log.
      if (/trace_printk|trace_vprintk|probe_write_user/.test(name ?? "")) continue;
      // Old bpftools do not read "program of this type cannot use helper" in the verifier's log and say yes.
      if (haveHelper(programType, helper)) check(true, theirs, `${name} in ${type}`);
      else compared++;
    }
  }
  assert.ok(compared > 700, `${compared} answers compared`);
});

test("a kernel has no feature that came later than itself", () => {
  const probes = {
    "program type": haveProgramType,
    "map type": haveMapType,
    "link type": haveLinkType,
    "BTF kind": haveBtfKind,
  };
  for (const [family, have] of Object.entries(probes)) {
    for (let number = 1; number < 64; number++) {
      const origin = featureOrigin(family as keyof typeof probes, number);
      if (origin === undefined) {
        assert.equal(have(number), false, `${family} ${number}`);
      } else if (have(number)) {
        // Distributions take single features into older kernels; a whole release early would be a wrong table.
        assert.ok(origin.since <= kernelVersion(), `${origin.name} in a kernel before it`);
      }
    }
  }
});
