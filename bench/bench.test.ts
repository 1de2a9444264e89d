import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { measureDrain } from "./drain.ts";
import { measureDump } from "./dump.ts";
import { measureStartup } from "./startup.ts";
import { formatTable, median } from "./table.ts";

const project = join(import.meta.dirname, "../..");

describe("the benchmarks", () => {
  before(() => {
    execFileSync("sh", [`${project}/bench/programs.sh`]);
    execFileSync(process.execPath, [`${project}/bin/wasm-bpf`, "build", `${project}/examples/bootstrap`], {
      stdio: "ignore",
    });
  });

  it("start every contender up to its table header", () => {
    const rows = measureStartup({ project, nodes: { "this Node": process.execPath }, rounds: 1 });
    assert.equal(rows.length, 3);
    for (const row of rows) assert.ok((row.samples[0] ?? 0) > 0, row.name);
  });

  it("drain a full ring buffer with every contender", async () => {
    const rows = await measureDrain({ project, node: process.execPath, rounds: 1 });
    assert.equal(rows.length, 5);
    for (const row of rows) assert.ok((row.samples[0] ?? 0) > 0, row.name);
  });

  it("dump the kernel's types with every contender", () => {
    const rows = measureDump({ project, nodes: { "this Node": process.execPath }, rounds: 1 });
    assert.equal(rows.length, 2);
    for (const row of rows) assert.ok((row.samples[0] ?? 0) > 0, row.name);
  });

  it("print medians and ratios", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    const table = formatTable(
      "Time",
      "ms",
      [
        { name: "a", samples: [2] },
        { name: "b", samples: [5] },
      ],
      "a",
    );
    assert.match(table, /b +5\.0 ms +2\.50 x/);
  });
});
