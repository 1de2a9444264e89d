import { getSys, type Sys } from "../sys/index.ts";
import { EPERM } from "../uapi/errno.ts";
import { currentToken } from "./token.ts";

const answers = new WeakMap<Sys, Map<string, boolean>>();

/**
 * Answer of a probe, asked once per kernel and token.
 *
 * @param probe `undefined` when the kernel did not really answer, for example because the process lacks the
 *   privilege: that counts as "no" and is asked again next time.
 */
export function cachedFeature(name: string, probe: () => boolean | undefined): boolean {
  const known = currentToken()?.features ?? answersOf(getSys());
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  const answer = probe();
  if (answer !== undefined) known.set(name, answer);
  return answer ?? false;
}

function answersOf(sys: Sys): Map<string, boolean> {
  const known = answers.get(sys) ?? new Map<string, boolean>();
  answers.set(sys, known);
  return known;
}

/** Turns the result of creating a probe object into an answer and closes the object. */
export function answerOf(result: number): boolean | undefined {
  if (result >= 0) {
    getSys().close(result);
    return true;
  }
  return result === -EPERM ? undefined : false;
}
