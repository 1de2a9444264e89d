import type { BpfProgram } from "../../src/ebpf/index.ts";
import type { Link } from "../../src/link/index.ts";
import { coverLine, type Shown } from "./covers.ts";
import { refusedToRoot } from "./refused.ts";
import { TestObject } from "./test-object.ts";
import { until } from "./until.ts";

/** What a case of a child process works with; everything is closed after it. */
export interface Case {
  /** Loads some programs of the child's object. */
  load(...names: string[]): TestObject;
  after(undo: () => void): void;
  /** As `covers()` of a test. */
  covers(kind: string, ...shown: Shown[]): void;
}

/**
 * Runs a case, prints its name, and undoes in reverse order what it did, also when it fails. One whose programs the kernel
 * refuses root is skipped with its answer.
 */
export async function runCase(
  bytes: Uint8Array,
  name: string,
  body: (one: Case) => void | Promise<void>,
): Promise<void> {
  const undone: (() => void)[] = [];
  const after = (undo: () => void): void => void undone.push(undo);
  const covered: string[] = [];
  const one: Case = {
    after,
    load: (...names) => TestObject.load({ after: (undo) => after(undo as () => void) }, bytes, ...names),
    covers: (kind, ...shown) => void covered.push(coverLine(kind, shown)),
  };
  console.log(`case: ${name}`);
  try {
    await body(one);
  } catch (error) {
    const refusal = refusedToRoot(error);
    if (refusal === undefined) throw error;
    console.log(`skipped: ${name}: ${refusal}`);
  } finally {
    for (const undo of undone.reverse()) undo();
  }
  for (const line of covered) console.log(line);
}

/** Runs a case when the kernel has what it needs, else prints the reason. */
export async function runCaseIf(
  missing: string | undefined,
  bytes: Uint8Array,
  name: string,
  body: (one: Case) => void | Promise<void>,
): Promise<void> {
  if (missing === undefined) await runCase(bytes, name, body);
  else console.log(`skipped: ${name}: ${missing}`);
}

/**
 * Checks that what `fire` does is counted while `link` is there, and not after it is closed. `fire` should return when the
 * hook has been passed, or a program that runs too long is not noticed.
 */
export async function checkFires(
  link: Link,
  program: BpfProgram,
  counted: () => number,
  fire: () => void | Promise<void>,
): Promise<void> {
  const before = counted();
  await fire();
  await until(`a run of program ${program.name}`, () => counted() > before);
  link.close();
  const after = counted();
  await fire();
  if (counted() !== after) throw new Error(`program ${program.name} runs after its link is closed`);
}
