/**
 * Measures start-up, event cost and type dumps beside native libbpf and bpftool and prints tables. Nothing here judges a time.
 *
 *   node dist/bench/main.js [--rounds N] NAME=NODE_BINARY...
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureDrain, NATIVE_DRAIN } from "./drain.ts";
import { measureDump, NATIVE_DUMP } from "./dump.ts";
import { measureStartup, NATIVE_STARTUP } from "./startup.ts";
import { formatTable } from "./table.ts";

const project = join(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "20" } },
});
const nodes: Record<string, string> = {};
for (const argument of positionals) {
  const [name, node] = argument.split("=");
  if (name !== undefined && node !== undefined) nodes[name] = node;
}
const rounds = Number(values.rounds);
const node = Object.values(nodes)[0] ?? process.execPath;

const startup = measureStartup({ project, nodes, rounds });
console.log(formatTable("Process start to the table header", "ms", startup, NATIVE_STARTUP));
const drain = await measureDrain({ project, node, rounds });
console.log(formatTable("Draining a full ring buffer, per 128-byte record", "ns", drain, NATIVE_DRAIN));
const dump = measureDump({ project, nodes, rounds: Math.ceil(rounds / 4) });
console.log(formatTable("vmlinux.h of the running kernel, whole process", "ms", dump, NATIVE_DUMP));
