// Runs in a network namespace of its own: the program of the xdp template on the loopback interface. Argument: the
// module.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { RunningExample } from "./running-example.ts";

const receiver = createSocket("udp4");
await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
await using example = new RunningExample(process.argv[2] ?? "", ["lo"]);
await example.line(/^icmp 0 {2}tcp 0 {2}udp 0 {2}other 0$/);
const sender = createSocket("udp4");
for (let i = 0; i < 5; i++) {
  await new Promise<void>((resolve, reject) => {
    sender.send("x", receiver.address().port, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
  });
}
await example.line(/^icmp 0 {2}tcp 0 {2}udp 5 {2}other 0$/);
const { status, stderr } = await example.interrupt();
assert.deepEqual([status, stderr], [0, ""]);
sender.close();
receiver.close();
console.log("done");
