import type { Btf } from "../btf/index.ts";
import type { LineInfo } from "../object/index.ts";
import type { SourceLine } from "./verifier-error.ts";

/** What can be told from a verifier log without reading all of it. */
export interface LogSummary {
  /** Instruction the verifier stopped at, `undefined` when it did not get that far. */
  readonly instructionIndex: number | undefined;
  /** The verifier's own words: what follows the last instruction. */
  readonly reason: string;
  /** The last instruction and everything after it, without the statistics. */
  readonly lastLines: readonly string[];
}

const INSTRUCTION = /^(\d+): \([0-9a-f]{2}\) /;
const STATISTICS = /^(processed \d+ insns|verification time |stack depth |insns processed )/;
/** `12: R1=ctx() R10=fp0` or `from 3 to 7: ...`: the verifier's state, of no use without the whole log. */
const STATE = /^(\d+: R\d|R\d+[_a-z]*=|from \d+ to \d+:|; |$)/;
const MOST_LINES = 12;

/** Whether a log is empty but for statistics: the kernel refused before the verifier looked at an instruction. */
export function saysNothing(log: string): boolean {
  return log.split("\n").every((line) => line.trim() === "" || STATISTICS.test(line));
}

/** Finds the end of the story in a verifier log. */
export function summarizeLog(log: string): LogSummary {
  const lines = log
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !STATISTICS.test(line));
  let last = lines.length - 1;
  while (last >= 0 && !INSTRUCTION.test(lines[last] ?? "")) last--;
  const tail = lines.slice(Math.max(0, last)).slice(-MOST_LINES);
  const words = last >= 0 ? lines.slice(last + 1) : lines;
  const telling = words.filter((line) => !STATE.test(line));
  const index = INSTRUCTION.exec(lines[last] ?? "")?.[1] ?? /\binsn (\d+)/.exec(telling.join("\n"))?.[1];
  return {
    instructionIndex: index === undefined ? undefined : Number(index),
    reason: telling.at(-1) ?? tail.at(-1) ?? "",
    lastLines: tail,
  };
}

/** Source line of an instruction, from the object's line info. */
export function sourceLineOf(
  btf: Btf | undefined,
  lines: readonly LineInfo[],
  instructionIndex: number | undefined,
): SourceLine | undefined {
  if (btf === undefined || instructionIndex === undefined) return undefined;
  const info = lines.findLast((line) => line.instructionIndex <= instructionIndex);
  if (info === undefined) return undefined;
  return {
    file: btf.string(info.fileNameOffset),
    line: info.lineColumn >>> 10,
    column: info.lineColumn & 0x3ff,
    text: btf.string(info.lineOffset).trim(),
  };
}
