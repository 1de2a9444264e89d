/** The part of TAP that Node's reporter writes: nested test points, each with a YAML block. */

export interface TapPoint {
  /** Names from the outermost suite to the test. */
  readonly name: string;
  readonly ok: boolean;
  /** The reason given when the test was skipped. */
  readonly skipped: string | undefined;
  /** What the YAML block says, for a failed test. */
  readonly details: string;
}

/**
 * Reads the tests out of a TAP stream; a suite is not listed, its tests are.
 *
 * @returns the tests in order, and whether the plan that ends the stream is there.
 */
export function parseTap(text: string): { points: TapPoint[]; complete: boolean } {
  const points: TapPoint[] = [];
  const suites: string[] = [];
  let complete = false;
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const depth = Math.floor((line.length - line.trimStart().length) / 4);
    const opened = /^\s*# Subtest: (.*)$/.exec(line);
    if (opened) {
      suites.length = depth;
      suites.push(opened[1] ?? "");
      continue;
    }
    if (/^1\.\.\d+$/.test(line)) complete = true;
    const point = /^\s*(not )?ok \d+ - (.*?)(?: # (SKIP|TODO) ?(.*))?$/.exec(line);
    if (!point) continue;
    const block: string[] = [];
    if (lines[at + 1]?.trim() === "---") {
      for (at += 2; at < lines.length && lines[at]?.trim() !== "..."; at++) block.push(lines[at] ?? "");
    }
    const isSuite = block.some((entry) => entry.trim() === "type: 'suite'");
    if (isSuite) continue;
    points.push({
      name: [...suites.slice(0, depth), point[2] ?? ""].join(" > "),
      ok: point[1] === undefined,
      skipped: point[3] === "SKIP" ? (point[4] ?? "") : undefined,
      details: block.join("\n"),
    });
  }
  return { points, complete };
}
