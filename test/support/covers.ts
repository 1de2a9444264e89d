import type { TestContext } from "node:test";
import { kernelVersion } from "../../src/kernel/index.ts";

/** What a test shows about a section kind: attached by its section, attached to a target given, and it ran. */
export type Shown = "auto" | "target" | "fired";

/**
 * Says in the test's output what it has just shown about section kinds; `scripts/gen-coverage.ts` collects it.
 *
 * @param kinds names of section kinds as in the table, without the `+`
 */
export function covers(context: TestContext, kinds: string | readonly string[], ...shown: Shown[]): void {
  for (const kind of typeof kinds === "string" ? [kinds] : kinds) context.diagnostic(coverLine(kind, shown));
}

/** The line that {@link covers} prints, for children of tests, whose output the test passes on. */
export function coverLine(kind: string, shown: readonly Shown[]): string {
  const version = kernelVersion();
  return `covers: ${version >> 16}.${(version >> 8) & 255} ${process.arch} ${kind} ${shown.join(",")}`;
}
