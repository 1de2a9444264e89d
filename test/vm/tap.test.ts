import assert from "node:assert/strict";
import { it } from "node:test";
import { parseTap } from "./tap.ts";

const STREAM = `TAP version 13
# Subtest: suite
    # Subtest: passes
    ok 1 - passes
      ---
      duration_ms: 2
      type: 'test'
      ...
    # Subtest: fails
    not ok 2 - fails
      ---
      duration_ms: 1
      error: 'ok 3 - this is no test point'
      ...
    ok 3 - is skipped # SKIP no such hook
    1..3
not ok 1 - suite
  ---
  type: 'suite'
  ...
`;

it("lists tests by their full name and leaves suites out", () => {
  const { points, complete } = parseTap(`${STREAM}1..1\n`);
  assert.deepEqual(
    points.map(({ name, ok, skipped }) => [name, ok, skipped]),
    [
      ["suite > passes", true, undefined],
      ["suite > fails", false, undefined],
      ["suite > is skipped", true, "no such hook"],
    ],
  );
  assert.match(points[1]?.details ?? "", /this is no test point/);
  assert.equal(complete, true);
});

it("a stream that breaks off is not complete", () => {
  assert.equal(parseTap(STREAM).complete, false);
});
