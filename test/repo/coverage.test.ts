import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type CoverageRecord,
  coverageDocument,
  mergeCoverage,
  readCoverage,
  wrongReasons,
} from "../../scripts/coverage-table.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const record = JSON.parse(read("test/coverage.json")) as CoverageRecord;

test("docs/coverage.md is what the section table and the record of the tests give", () => {
  assert.equal(read("docs/coverage.md"), coverageDocument(record), "run: node dist/scripts/gen-coverage.js");
});

test("every section kind is fired by a test on some kernel, or there is a reason", () => {
  assert.deepEqual(wrongReasons(record), []);
});

test("lines of test runs are collected by kernel", () => {
  const output =
    "# covers: 6.12 x64 tp auto\nok 1\n    # covers: 6.12 x64 tp fired,auto\nℹ covers: 6.1 arm64 xdp target";
  const collected = readCoverage(output);
  assert.deepEqual(collected, { "6.12 x64": { tp: ["auto", "fired"] }, "6.1 arm64": { xdp: ["target"] } });
  assert.deepEqual(Object.keys(mergeCoverage({ "6.12 x64": {}, "5.15 x64": {} }, collected)), [
    "5.15 x64",
    "6.1 arm64",
    "6.12 x64",
  ]);
});
