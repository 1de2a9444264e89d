// Runs in a network namespace of its own: a TCP connection uses congestion controls of ours. Argument: the object.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { haveLinkType, missingFeature } from "../../src/kernel/index.ts";
import { attachStructOps } from "../../src/link/index.ts";
import { checkedCall, getSys } from "../../src/sys/index.ts";
import { BPF_LINK_TYPE_STRUCT_OPS } from "../../src/uapi/bpf.ts";
import { coverLine } from "../support/covers.ts";
import { TestObject } from "../support/test-object.ts";

const IPPROTO_TCP = 6;
const TCP_CONGESTION = 13;

/** Sends something over a connection whose sender uses a congestion control. */
async function talk(congestion: string): Promise<void> {
  const server = createServer((socket) => socket.resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const client = connect(address.port, "127.0.0.1");
  await once(client, "connect");
  try {
    const { fd } = (client as Socket & { _handle: { fd: number } })._handle;
    const name = new TextEncoder().encode(congestion);
    checkedCall(
      getSys().setSocketOption(fd, IPPROTO_TCP, TCP_CONGESTION, name),
      "setsockopt(TCP_CONGESTION)",
      `Cannot use ${congestion}`,
    );
    client.end(new Uint8Array(200_000));
    await once(client, "close");
  } finally {
    client.destroy();
    server.close();
  }
}

const bytes = new Uint8Array(readFileSync(process.argv[2] ?? ""));
const undone: (() => void)[] = [];
const context = { after: (undo: unknown) => void undone.push(undo as () => void) };
const noLinks = missingFeature("link type", BPF_LINK_TYPE_STRUCT_OPS, haveLinkType(BPF_LINK_TYPE_STRUCT_OPS));
const loaded = new TestObject(context, bytes);
const { object } = loaded;
if (noLinks !== undefined) {
  for (const name of ["first_version", "second_version"]) object.map(name).configure({ autocreate: false });
}
// Code may choose another function: `init`, the fourth one, counts elsewhere then.
const INIT_AT = 24;
assert.equal(object.map("unlinked").structOpsPrograms.get(INIT_AT), "init");
object.map("unlinked").setStructOpsProgram(INIT_AT, "init_2");
object.load();
assert.throws(() => object.map("unlinked").setStructOpsProgram(INIT_AT, "init"), {
  code: "INVALID_ARGUMENT",
});

const unlinked = attachStructOps(object.map("unlinked"));
await talk("bpf_unlinked");
assert.ok(loaded.get("count") >= 1, "it was not asked");
assert.ok(loaded.get("second") >= 1, "the function that was chosen");
unlinked.close();
await assert.rejects(talk("bpf_unlinked"), { errnoName: "ENOENT" });

if (noLinks === undefined) {
  const link = attachStructOps(object.map("first_version"));
  const [before, second] = [loaded.get("count"), loaded.get("second")];
  await talk("bpf_counting");
  assert.ok(loaded.get("count") > before);
  assert.equal(link.info().mapId, object.map("first_version").info().id);
  link.update(object.map("second_version"), object.map("first_version"));
  assert.equal(link.map.name, "second_version");
  assert.equal(loaded.get("second"), second);
  await talk("bpf_counting");
  assert.equal(loaded.get("second"), second + 1);
  link.close();
} else {
  console.log(`skipped: links of struct_ops maps: ${noLinks}`);
}
for (const undo of undone.reverse()) undo();
console.log(coverLine("struct_ops", ["target", "fired"]));
console.log("done");
