/**
 * Writes `docs/coverage.md`, and first adds what a test run has shown to `test/coverage.json`:
 *
 *     node --test --test-reporter=tap dist/test/kernel/*.test.js >build/kernel.tap
 *     npm run test:vm
 *     node dist/scripts/gen-coverage.js build/kernel.tap build/vm/*&#47;results.tap
 *
 * A kernel in the given files replaces what was known about it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CoverageRecord, coverageDocument, mergeCoverage, readCoverage } from "./coverage-table.ts";

const root = join(import.meta.dirname, "../..");
const file = join(root, "test/coverage.json");

let record = JSON.parse(readFileSync(file, "utf8")) as CoverageRecord;
for (const output of process.argv.slice(2)) {
  record = mergeCoverage(record, readCoverage(readFileSync(output, "utf8")));
}
writeFileSync(file, `${JSON.stringify(record, undefined, 2)}\n`);
writeFileSync(join(root, "docs/coverage.md"), coverageDocument(record));
