/** Cost per record of draining a full ring buffer of 128-byte records. */
import { newestProgram, runOnce } from "./fill.ts";
import { LineProcess } from "./lines.ts";
import type { Row } from "./table.ts";

export interface DrainOptions {
  readonly project: string;
  readonly node: string;
  readonly rounds: number;
}

export const NATIVE_DRAIN = "native C, libbpf";

/** Rounds before the ones that count: the JavaScript and wasm code gets compiled. */
const WARM_UP_ROUNDS = 20;

export async function measureDrain(options: DrainOptions): Promise<Row[]> {
  const { project, node, rounds } = options;
  const built = `${project}/build/bench`;
  const commands: Readonly<Record<string, readonly [string, ...string[]]>> = {
    [NATIVE_DRAIN]: [`${built}/drain`],
    "RingBuffer.consume in JavaScript": [
      node,
      `${project}/dist/bench/drain-javascript.js`,
      `${built}/fill.bpf.o`,
    ],
    "RingBuffer.consumeInPlace": [
      node,
      `${project}/dist/bench/drain-javascript.js`,
      `${built}/fill.bpf.o`,
      "in-place",
    ],
    "guest, ABI 1, callback per record": [node, `${project}/bin/wasm-bpf`, `${built}/drain.wasm`],
    "guest, the native program": [node, `${project}/bin/wasm-bpf`, `${built}/libbpf/fill.wasm`],
  };
  const contenders: { row: Row & { samples: number[] }; process: LineProcess; program: number }[] = [];
  try {
    for (const [name, [command, ...args]] of Object.entries(commands)) {
      const process = new LineProcess(command, args);
      if ((await process.read()) !== "ready") throw new Error(`${name} did not get ready`);
      contenders.push({ row: { name, samples: [] }, process, program: newestProgram("fill") });
    }
    for (let round = -Math.min(WARM_UP_ROUNDS, rounds * 4); round < rounds; round++) {
      for (const { row, process, program } of contenders) {
        runOnce(program);
        const answer = await process.ask("drain");
        const [records = 0, nanoseconds = 0] = answer.split(" ").map(Number);
        if (!(records > 0)) throw new Error(`${row.name} drained ${answer}`);
        if (round >= 0) row.samples.push(nanoseconds / records);
      }
    }
  } finally {
    for (const { process } of contenders) process.close();
  }
  return contenders.map(({ row }) => row);
}
