import * as fs from "node:fs";
import { encodeCString } from "../../internal/index.ts";
import { EFAULT } from "../../uapi/errno.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import type { WasiCalls, WasiContext } from "./context.ts";

/** Arguments, environment and random numbers. */
export function processCalls(context: WasiContext): WasiCalls {
  const { memory } = context;
  const strings = {
    args: context.args.map(encodeCString),
    environment: context.environment.map(encodeCString),
  };

  function sizes(texts: readonly Uint8Array[], count: number, bytes: number): number {
    const total = texts.reduce((sum, text) => sum + text.length, 0);
    return memory.setU32(count, texts.length) && memory.setU32(bytes, total) ? 0 : -EFAULT;
  }

  function copy(texts: readonly Uint8Array[], pointers: number, buffer: number): number {
    const total = texts.reduce((sum, text) => sum + text.length, 0);
    if (!memory.has(pointers, texts.length * 4) || !memory.has(buffer, total)) return -EFAULT;
    let at = buffer >>> 0;
    for (const [index, text] of texts.entries()) {
      memory.setU32((pointers >>> 0) + index * 4, at);
      memory.write(at, text);
      at += text.length;
    }
    return 0;
  }

  return {
    args_sizes_get: ["ii", (count: number, bytes: number) => sizes(strings.args, count, bytes)],
    args_get: ["ii", (pointers: number, buffer: number) => copy(strings.args, pointers, buffer)],
    environ_sizes_get: ["ii", (count: number, bytes: number) => sizes(strings.environment, count, bytes)],
    environ_get: ["ii", (pointers: number, buffer: number) => copy(strings.environment, pointers, buffer)],
    random_get: [
      "ii",
      (pointer: number, length: number) => {
        const buffer = memory.range(pointer, length >>> 0);
        return buffer === undefined ? -EFAULT : fillRandom(buffer);
      },
    ],
    sched_yield: ["", () => 0],
  };
}

/** NB: `node:crypto` would cost several milliseconds of start-up, for the same bytes. */
function fillRandom(buffer: Uint8Array): number {
  const fd = attempt(() => fs.openSync("/dev/urandom", fs.constants.O_RDONLY));
  if (fd < 0) return fd;
  let filled = 0;
  while (filled < buffer.length) {
    const count = attempt(() => fs.readSync(fd, buffer, filled, buffer.length - filled, null));
    if (count < 0) {
      attemptVoid(() => fs.closeSync(fd));
      return count;
    }
    filled += count;
  }
  return attemptVoid(() => fs.closeSync(fd));
}
