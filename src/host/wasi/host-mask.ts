import * as fs from "node:fs";
import { attempt } from "./attempt.ts";

const USUAL_MASK = "022";

/** The permission bits that the host's new files do not get. NB: `process.umask()` changes it for a moment. */
export function hostMask(): number {
  const status = attempt(() => fs.readFileSync("/proc/self/status", "latin1"));
  return Number.parseInt(/^Umask:\s*([0-7]+)$/m.exec(String(status))?.[1] ?? USUAL_MASK, 8);
}
