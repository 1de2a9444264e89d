/**
 * JavaScript contenders of the drain benchmark: RingBuffer.consume with a callback per record, or consumeInPlace.
 * For each line on standard input: drains the ring buffer once and prints `<records> <nanoseconds>`.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { RingBuffer } from "../src/buffer/index.ts";
import { BpfObject } from "../src/ebpf/index.ts";

const [, , file, method] = process.argv;
if (file === undefined) throw new Error("usage: drain-javascript FILE.bpf.o [in-place]");
const object = BpfObject.open(readFileSync(file), { name: "fill" });
object.load();
const ring = new RingBuffer(object.map("records"));
let sum = 0;
console.log("ready");
for await (const _line of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  const records =
    method === "in-place"
      ? ring.consumeInPlace((memory, start) => {
          sum += memory[start] ?? 0;
        })
      : ring.consume((record) => {
          sum += record[0] ?? 0;
        });
  console.log(`${records} ${process.hrtime.bigint() - start}`);
}
ring.close();
object.close();
process.exitCode = Number.isNaN(sum) ? 1 : 0;
