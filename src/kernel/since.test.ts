import assert from "node:assert/strict";
import { test } from "node:test";
import * as btf from "../btf/index.ts";
import * as uapi from "../uapi/bpf.ts";
import { versionCode } from "./kernel-version.ts";
import { type FeatureFamily, featureOrigin } from "./since.ts";

const CONSTANTS: Readonly<Record<string, unknown>> = { ...uapi, ...btf };

/** Names in the kernel's enums that are not features, or second names of a number. */
const NO_FEATURES =
  /_UNSPEC$|^BTF_KIND_(UNKN|COUNT|NAMES)$|^BPF_MAP_TYPE_(CGROUP_STORAGE|PERCPU_CGROUP_STORAGE)_DEPRECATED$|^BPF_PERF_EVENT_/;

const PREFIXES: readonly (readonly [FeatureFamily, string])[] = [
  ["program type", "BPF_PROG_TYPE_"],
  ["map type", "BPF_MAP_TYPE_"],
  ["link type", "BPF_LINK_TYPE_"],
  ["BTF kind", "BTF_KIND_"],
];

for (const [family, prefix] of PREFIXES) {
  test(`every ${family} of the kernel headers has its number and a version`, () => {
    const names = Object.keys(CONSTANTS).filter((name) => name.startsWith(prefix) && !NO_FEATURES.test(name));
    assert.ok(names.length > 10);
    for (const name of names) {
      const origin = featureOrigin(family, Number(CONSTANTS[name]));
      assert.ok(origin !== undefined && origin.since >= versionCode(3, 19, 0), name);
      assert.equal(CONSTANTS[origin.name], CONSTANTS[name], `${name} is called ${origin.name}`);
    }
  });
}

test("attach types have the numbers of the kernel headers", () => {
  for (let number = 0; number <= uapi.BPF_TRACE_UPROBE_SESSION; number++) {
    const name = featureOrigin("attach type", number)?.name ?? "";
    assert.equal(CONSTANTS[name], number, name);
  }
  assert.equal(featureOrigin("attach type", 1000), undefined);
});
