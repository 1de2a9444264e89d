import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { bringUp, ip } from "../../support/interfaces.ts";
import { until } from "../../support/until.ts";
import { LoadedProgram } from "./loaded-program.ts";

/** Sends one datagram to a port that nobody listens on. */
async function sendDatagram(address: string, length: number): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    socket.send(new Uint8Array(length), 9, address, (error) => (error ? reject(error) : resolve()));
  });
  socket.close();
}

describe("XDP", () => {
  it("on the loopback interface counts packets and their bytes", async (test) => {
    const loaded = new LoadedProgram(test, "network", "on_xdp");
    const link = loaded.attach("lo");
    await sendDatagram("127.0.0.1", 100);
    // Ethernet, IPv4 and UDP headers; the answer is an ICMP message.
    await until("a packet's arrival", () => loaded.uint64("xdp_bytes") >= 14 + 20 + 8 + 100);
    assert.ok(loaded.uint64("xdp_packets") >= 1);
    link.detach();
    const before = loaded.uint64("xdp_packets");
    await sendDatagram("127.0.0.1", 100);
    assert.equal(loaded.uint64("xdp_packets"), before);
  });

  it("on one end of a veth pair, in the driver, counts what the other end sends", async (test) => {
    ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
    test.after(() => ip("link", "del", "veth0"));
    ip("address", "add", "10.9.0.1/24", "dev", "veth0");
    ip("neighbour", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "veth0");
    await bringUp("veth0", "veth1");
    const loaded = new LoadedProgram(test, "network", "on_xdp");
    loaded.attach("veth1");
    await sendDatagram("10.9.0.2", 100);
    await until("a packet's arrival", () => loaded.uint64("xdp_bytes") >= 14 + 20 + 8 + 100);
  });
});

describe("control groups", () => {
  function group(test: TestContext): string {
    const path = "/sys/fs/cgroup/test";
    mkdirSync(path);
    test.after(() => {
      writeFileSync("/sys/fs/cgroup/cgroup.procs", String(process.pid));
      rmdirSync(path);
    });
    return path;
  }

  async function tryConnect(port: number): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    return await new Promise((resolve) => {
      socket.once("error", (error: Error & { code?: string }) => resolve(error.code ?? error.message));
      socket.once("connect", () => {
        socket.destroy();
        resolve("connected");
      });
    });
  }

  it("connect4 refuses one port to the processes of the group", async (test) => {
    const path = group(test);
    const server = createServer().listen(4242, "127.0.0.1");
    await once(server, "listening");
    test.after(() => server.close());
    const loaded = new LoadedProgram(test, "network", "on_connect");
    const link = loaded.attach(path);
    assert.equal(await tryConnect(4242), "connected");
    writeFileSync(`${path}/cgroup.procs`, String(process.pid));
    assert.equal(await tryConnect(4242), "EPERM");
    assert.equal(loaded.uint64("connects"), 1);
    link.detach();
    assert.equal(await tryConnect(4242), "connected");
  });
});
