/** Making `vmlinux.h` of the running kernel, beside bpftool. */
import { spawnSync } from "node:child_process";
import type { Row } from "./table.ts";

export interface DumpOptions {
  readonly project: string;
  /** Node.js binaries by the name they are shown with. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly rounds: number;
}

export const NATIVE_DUMP = "bpftool btf dump";

const DUMP: readonly string[] = ["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"];

/** Whole processes, from their start to their end, in milliseconds. */
export function measureDump({ project, nodes, rounds }: DumpOptions): Row[] {
  const rows: { name: string; command: readonly string[]; samples: number[] }[] = [
    { name: NATIVE_DUMP, command: ["bpftool", ...DUMP], samples: [] },
  ];
  for (const [name, node] of Object.entries(nodes)) {
    const command = [node, `${project}/bin/wasm-bpf`, ...DUMP];
    rows.push({ name: `wasm-bpf btf dump, ${name}`, command, samples: [] });
  }
  // One round that does not count: files come into the page cache.
  for (let round = -1; round < rounds; round++) {
    for (const { name, command, samples } of rows) {
      const [program = "", ...args] = command;
      const started = performance.now();
      const { status, stderr } = spawnSync(program, args, {
        encoding: "utf8",
        stdio: ["ignore", "ignore", "pipe"],
      });
      if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
      if (round >= 0) samples.push(performance.now() - started);
    }
  }
  return rows;
}
