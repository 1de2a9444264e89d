import assert from "node:assert/strict";
import { test } from "node:test";
import { formatKernelVersion, kernelVersion, parseKernelVersion, versionCode } from "./kernel-version.ts";

test("the version is where the distribution puts it", () => {
  const cases: [release: string, version: string, signature: string | undefined, expected: number][] = [
    ["6.18.44-fc-v669", "#1 SMP PREEMPT_DYNAMIC", undefined, versionCode(6, 18, 44)],
    ["6.1.0-28-amd64", "#1 SMP Debian 6.1.119-1 (2024-11-22)", undefined, versionCode(6, 1, 119)],
    ["5.4.0-12-generic", "#15-Ubuntu SMP", "Ubuntu 5.4.0-12.15-generic 5.4.8\n", versionCode(5, 4, 8)],
    ["4.9.337", "#1", undefined, (4 << 16) | (9 << 8) | 255],
    ["unknown", "#1", undefined, 0],
  ];
  for (const [release, version, signature, expected] of cases) {
    assert.equal(parseKernelVersion(release, version, signature), expected, release);
  }
});

test("the running kernel has a version", () => {
  assert.match(formatKernelVersion(kernelVersion()), /^\d+\.\d+\.\d+$/);
  assert.ok(kernelVersion() > versionCode(4, 0, 0));
});
