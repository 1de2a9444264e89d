/** From process start to the table header of the bootstrap example, beside native libbpf and an empty Node.js program. */
import { execFileSync } from "node:child_process";
import type { Row } from "./table.ts";

export interface StartupOptions {
  readonly project: string;
  /** Node.js binaries by the name they are shown with. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly rounds: number;
}

export const NATIVE_STARTUP = "native C, libbpf";

export function measureStartup(options: StartupOptions): Row[] {
  const built = `${options.project}/build/bench`;
  const guest = [`${options.project}/bin/wasm-bpf`, `${options.project}/examples/bootstrap/bootstrap.wasm`];
  const rows: { name: string; command: string[]; header: boolean; samples: number[] }[] = [
    { name: NATIVE_STARTUP, command: ["--tracefs", `${built}/bootstrap`], header: true, samples: [] },
  ];
  for (const [name, node] of Object.entries(options.nodes)) {
    rows.push({
      name: `wasm-bpf bootstrap.wasm, ${name}`,
      command: [node, ...guest],
      header: true,
      samples: [],
    });
    rows.push({ name: `node -e 0, ${name}`, command: [node, "-e", "0"], header: false, samples: [] });
  }
  // One round that does not count: files come into the page cache.
  for (let round = -1; round < options.rounds; round++) {
    for (const row of rows) {
      const output = execFileSync(`${built}/first-output`, row.command, { encoding: "utf8" });
      const [nanoseconds, ...line] = output.trim().split(" ");
      if (row.header && line[0] !== "TIME") throw new Error(`${row.name} printed ${output}`);
      if (round >= 0) row.samples.push(Number(nanoseconds) / 1e6);
    }
  }
  return rows;
}
