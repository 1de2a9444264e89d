// Runs in a network namespace of its own: two pairs of virtual interfaces, a0-a1 and b0-b1, and frames that are sent
// from a0 to a1 and have arrived there before a case goes on. Argument: the object.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { haveLinkType, haveProgramType, missingFeature } from "../../src/kernel/index.ts";
import { type AttachOptions, attachProgram } from "../../src/link/index.ts";
import { NLM_F_DUMP, netlinkRequest } from "../../src/link/netlink.ts";
import { getSys } from "../../src/sys/index.ts";
import {
  BPF_LINK_TYPE_NETFILTER,
  BPF_LINK_TYPE_NETKIT,
  BPF_LINK_TYPE_TCX,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
} from "../../src/uapi/bpf.ts";
import { XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE } from "../../src/uapi/linux.ts";
import { type Case, checkFires, runCase, runCaseIf } from "../support/child-cases.ts";
import { bringUp, FrameReceiver, FrameSender, ip } from "../support/interfaces.ts";
import { UdpReceiver } from "../support/udp.ts";
import { until } from "../support/until.ts";
import { XdpSocket } from "../support/xdp-socket.ts";

const words = (...values: number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);
const bytes = new Uint8Array(readFileSync(process.argv[2] ?? ""));
const sys = getSys();
const MAC = [2, 0, 0, 0, 0, 1];

// No packets but the test's: interfaces with IPv6 announce themselves.
writeFileSync("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
for (const pair of ["a", "b"]) {
  ip("link", "add", `${pair}0`, "type", "veth", "peer", "name", `${pair}1`);
  ip("link", "set", `${pair}1`, "address", "02:00:00:00:00:01");
  await bringUp(`${pair}0`, `${pair}1`);
}
ip("addr", "add", "10.0.0.1/24", "dev", "a0");
ip("addr", "add", "10.1.0.1/24", "dev", "b0");

/** IPv4 and UDP to an address behind a1. */
function frame(destination: readonly number[]): Uint8Array {
  const header = [0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 9, ...destination];
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += ((header[at] ?? 0) << 8) | (header[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  [header[10], header[11]] = [(~sum >> 8) & 255, ~sum & 255];
  return Uint8Array.from([
    ...MAC,
    2,
    0,
    0,
    0,
    0,
    2,
    8,
    0,
    ...header,
    0,
    9,
    0,
    9,
    0,
    12,
    0,
    0,
    1,
    2,
    3,
    4,
    ...Array(18).fill(0),
  ]);
}

const a0 = new FrameSender("a0");
const a1 = [new FrameReceiver("a1", 0x0800), new FrameReceiver("a1", 0x86dd)] as const;
const FRAME = frame([10, 0, 0, 2]);
let sent = 0;

/** Sends a frame whose last four bytes tell it from all others, without waiting for it. */
function sendOff(bytes = FRAME): Uint8Array {
  const number = words(++sent);
  const numbered = Uint8Array.of(...bytes.subarray(0, -4), ...number);
  a0.send(numbered);
  return number;
}

/** Sends a frame that no program on its way keeps, and waits until it has passed every hook. */
function sendFrame(bytes = FRAME): void {
  const number = sendOff(bytes);
  a1[bytes[12] === 8 ? 0 : 1].waitFor(number);
}

/** Attaches, fires by `fire`, closes, checks. */
async function attachAndFire(
  one: Case,
  kind: string,
  program: string,
  target: string,
  options: AttachOptions = {},
  fire: () => void | Promise<void> = () => sendFrame(),
): Promise<void> {
  const loaded = one.load(program);
  const link = attachProgram(loaded.object.program(program), target, options);
  one.after(() => link.close());
  await checkFires(link, link.program, () => loaded.get("count"), fire);
  one.covers(kind, "target", "fired");
}

for (const [name, flags] of [
  ["native", XDP_FLAGS_DRV_MODE],
  ["generic", XDP_FLAGS_SKB_MODE],
] as const) {
  await runCase(bytes, `xdp, ${name}`, (one) => attachAndFire(one, "xdp", "on_xdp", "a1", { flags }));
}
await runCase(bytes, "xdp by netlink", (one) =>
  attachAndFire(one, "xdp", "on_xdp", "a1", { mode: "legacy", flags: XDP_FLAGS_SKB_MODE }),
);
await runCase(bytes, "xdp.frags", (one) =>
  attachAndFire(one, "xdp.frags", "on_xdp_frags", "a1", { flags: XDP_FLAGS_SKB_MODE }),
);

for (const mode of [undefined, "legacy"] as const) {
  await runCase(
    bytes,
    `xdp: update replaces the program${mode === undefined ? "" : " by netlink"}`,
    (one) => {
      const loaded = one.load("on_xdp", "other_xdp");
      const options = { flags: XDP_FLAGS_SKB_MODE, ...(mode === undefined ? {} : { mode }) };
      const link = attachProgram(loaded.object.program("on_xdp"), "a1", options);
      one.after(() => link.close());
      sendFrame();
      link.update(loaded.object.program("other_xdp"));
      assert.equal(link.program.name, "other_xdp");
      const before = loaded.get("count");
      sendFrame();
      assert.equal(loaded.get("count"), before);
      assert.ok(loaded.get("second") >= 1);
      if (mode === undefined) {
        assert.equal(link.info().interfaceIndex, sys.ifNameToIndex("a1"));
        assert.equal(link.info().programId, link.program.info().id);
        assert.throws(() => link.update(loaded.object.program("on_xdp"), loaded.object.program("on_xdp")), {
          errnoName: "EPERM",
        });
      } else {
        assert.throws(() => link.info(), { code: "NOT_SUPPORTED" });
      }
    },
  );
}

await runCase(bytes, "a map in a map is swapped under traffic, and no packet is lost", (one) => {
  const loaded = one.load("in_inner");
  const { object } = loaded;
  const link = attachProgram(object.program("in_inner"), "a1", { flags: XDP_FLAGS_SKB_MODE });
  one.after(() => link.close());
  const maps = [object.map("first_inner"), object.map("second_inner")];
  for (let number = 0; number < 60; number++) {
    // Every third frame another map counts.
    if (number % 3 === 0) object.map("outer").update(words(0), words(maps[(number / 3) % 2]?.fd ?? -1));
    sendFrame();
  }
  const counts = maps.map((map) =>
    new DataView(map.lookup(words(0))?.buffer ?? new ArrayBuffer(4)).getUint32(0, true),
  );
  assert.deepEqual(counts, [30, 30]);
  assert.equal(loaded.get("count"), 60);
});

await runCase(bytes, "xdp: what is wrong is named", (one) => {
  const { object } = one.load("on_xdp");
  const program = object.program("on_xdp");
  assert.throws(() => attachProgram(program), {
    code: "INVALID_ARGUMENT",
    message: /give a network interface/,
  });
  assert.throws(() => attachProgram(program, "no-such-interface"), { code: "NOT_FOUND" });
  // By number.
  const link = attachProgram(program, String(sys.ifNameToIndex("a1")), { flags: XDP_FLAGS_SKB_MODE });
  one.after(() => link.close());
  assert.throws(() => attachProgram(program, "a1", { flags: XDP_FLAGS_SKB_MODE }), { errnoName: "EBUSY" });
});

for (const frags of ["", "_frags"]) {
  const dot = frags === "" ? "" : ".frags";
  await runCase(bytes, `xdp${dot}/devmap`, async (one) => {
    const loaded = one.load(`to_device${frags}`, `on_device${frags}`);
    const { object } = loaded;
    object
      .map("devices")
      .update(words(0), words(sys.ifNameToIndex("b0"), object.program(`on_device${frags}`).fd));
    const link = attachProgram(object.program(`to_device${frags}`), "a1", { flags: XDP_FLAGS_SKB_MODE });
    one.after(() => link.close());
    using farEnd = new FrameReceiver("b1", 0x0800);
    farEnd.waitFor(sendOff());
    assert.equal(loaded.get("count"), 1);
    one.covers(`xdp${dot}/devmap`, "target", "fired");
  });
  await runCase(bytes, `xdp${dot}/cpumap`, async (one) => {
    const loaded = one.load(`to_cpu${frags}`, `on_cpu${frags}`);
    const { object } = loaded;
    object.map("cpus").update(words(0), words(64, object.program(`on_cpu${frags}`).fd));
    const link = attachProgram(object.program(`to_cpu${frags}`), "a1", { flags: XDP_FLAGS_SKB_MODE });
    one.after(() => link.close());
    // The CPU hands the frame to the protocols of the interface that it came from.
    sendFrame();
    assert.equal(loaded.get("count"), 1);
    one.covers(`xdp${dot}/cpumap`, "target", "fired");
  });
}

await runCase(bytes, "a frame goes out of each device of a map that the program gives all of", (one) => {
  const loaded = one.load("to_all");
  const { object } = loaded;
  object.map("all_devices").update(words(7), words(sys.ifNameToIndex("b0")));
  object.map("all_devices").update(words(9), words(sys.ifNameToIndex("b1")));
  const link = attachProgram(object.program("to_all"), "a1", { flags: XDP_FLAGS_SKB_MODE });
  one.after(() => link.close());
  using first = new FrameReceiver("b1", 0x0800);
  using second = new FrameReceiver("b0", 0x0800);
  const number = sendOff();
  first.waitFor(number);
  second.waitFor(number);
});
await runCase(bytes, "an AF_XDP socket gets the frames that a program redirects to it", (one) => {
  const loaded = one.load("to_socket");
  const { object } = loaded;
  const link = attachProgram(object.program("to_socket"), "a1", { flags: XDP_FLAGS_SKB_MODE });
  one.after(() => link.close());
  // While the map has no socket, the protocols get the frame.
  sendFrame();
  using socket = new XdpSocket("a1");
  object.map("queues").update(words(0), words(socket.fd));
  for (let turn = 0; turn < 20; turn++) {
    const number = sendOff();
    const frame = socket.receive();
    assert.deepEqual(frame.subarray(0, -4), FRAME.subarray(0, -4));
    assert.deepEqual(frame.subarray(-4), number);
  }
  assert.ok(object.map("queues").delete(words(0)));
  sendFrame();
});

const noTcx = missingFeature("link type", BPF_LINK_TYPE_TCX, haveLinkType(BPF_LINK_TYPE_TCX));
for (const [kind, program, target] of [
  ["tcx/ingress", "tcx_in", "a1"],
  ["tcx/egress", "tcx_out", "a0"],
  ["tc/ingress", "tc_in", "a1"],
  ["tc/egress", "tc_out", "a0"],
] as const) {
  await runCaseIf(noTcx, bytes, kind, (one) => attachAndFire(one, kind, program, target));
}
await runCaseIf(noTcx, bytes, "tcx: before and after others", (one) => {
  const loaded = one.load("tcx_in", "tcx_in_2", "tcx_in_3");
  const attach = (name: string, options: AttachOptions = {}): ReturnType<typeof attachProgram> => {
    const link = attachProgram(loaded.object.program(name), "a1", options);
    one.after(() => link.close());
    return link;
  };
  const first = attach("tcx_in");
  attach("tcx_in_2", { order: { before: { linkId: first.info().id } } });
  attach("tcx_in_3", { order: { after: { programFd: loaded.object.program("tcx_in_2").fd } } });
  sendFrame();
  assert.equal(loaded.get("order"), 231);
});

const RTM_GETQDISC = 38;
/** Whether an interface has the discipline that classifiers are attached to; its handle is at 8, the interface at 4. */
function hasClsact(name: string): boolean {
  return netlinkRequest("Cannot look", "netlink(RTM_GETQDISC)", {
    type: RTM_GETQDISC,
    flags: NLM_F_DUMP,
    body: new Uint8Array(20),
  }).some(
    ({ body }) =>
      body.getInt32(4, true) === sys.ifNameToIndex(name) && body.getUint32(8, true) === 0xffff0000,
  );
}

await runCase(bytes, "tc: ingress and egress by netlink", async (one) => {
  await attachAndFire(one, "tc", "on_tc", "a1");
  await attachAndFire(one, "tc", "on_tc", "a0", { tc: { direction: "egress" } });
  await attachAndFire(one, "classifier", "on_classifier", "a1", { tc: { handle: 7, priority: 3 } });
});
await runCase(bytes, "tc: priorities, replacing, update, and what is left", (one) => {
  const loaded = one.load("on_tc", "on_tc_2");
  const [tc, tc2] = [loaded.object.program("on_tc"), loaded.object.program("on_tc_2")];
  assert.ok(!hasClsact("a1"));
  const late = attachProgram(tc, "a1", { tc: { handle: 1, priority: 20 } });
  one.after(() => late.close());
  const early = attachProgram(tc2, "a1", { tc: { handle: 1, priority: 10 } });
  one.after(() => early.close());
  sendFrame();
  assert.equal(loaded.get("order"), 21);
  assert.throws(() => attachProgram(tc2, "a1", { tc: { handle: 1, priority: 20 } }), { errnoName: "EEXIST" });
  assert.ok(hasClsact("a1"));
  early.update(tc);
  sendFrame();
  assert.equal(loaded.get("order"), 2111);
  const again = attachProgram(tc2, "a1", { tc: { handle: 1, priority: 20, replace: true } });
  sendFrame();
  assert.equal(loaded.get("order"), 211112);
  again.close();
  early.close();
  late.close();
  // No filter is left, so the discipline that was made for them is gone, too.
  assert.ok(!hasClsact("a1"));
  assert.throws(() => attachProgram(tc, "no-such"), { code: "NOT_FOUND" });
});
await runCase(bytes, "action: test run", (one) => {
  const loaded = one.load("on_action");
  assert.equal(loaded.object.program("on_action").testRun({ data: new Uint8Array(64) }).returnValue, 0);
  assert.equal(loaded.get("count"), 1);
  assert.throws(() => attachProgram(loaded.object.program("on_action"), "a1"), { code: "NOT_SUPPORTED" });
  one.covers("action", "fired");
});

const RTM_NEWLINK = 16;
await runCaseIf(
  missingFeature("link type", BPF_LINK_TYPE_NETKIT, haveLinkType(BPF_LINK_TYPE_NETKIT)),
  bytes,
  "netkit",
  async (one) => {
    // IFLA_IFNAME, and IFLA_LINKINFO with IFLA_INFO_KIND: Debian's ip does not know this kind yet.
    // Unnamed, the peer would be called nk0, too: `struct ifinfomsg`, then IFLA_IFNAME "nk1".
    const peerInfo = Uint8Array.of(...new Uint8Array(16), 8, 0, 3, 0, 0x6e, 0x6b, 0x31, 0);
    netlinkRequest("Cannot make a netkit", "netlink(RTM_NEWLINK)", {
      type: RTM_NEWLINK,
      flags: 0x600,
      body: new Uint8Array(16),
      attributes: [
        [3, "nk0"],
        [
          18,
          [
            [1, "netkit"],
            [2, [[1, peerInfo]]],
          ],
        ],
      ],
    });
    const other = "nk1";
    await bringUp("nk0", other);
    const [here, there] = [new FrameSender("nk0"), new FrameSender(other)];
    one.after(() => {
      here[Symbol.dispose]();
      there[Symbol.dispose]();
    });
    // A netkit runs its programs when a frame is sent.
    const send = (sender: FrameSender) => (): void => sender.send(FRAME.subarray(14));
    await attachAndFire(one, "netkit/primary", "netkit_primary", "nk0", {}, send(here));
    await attachAndFire(one, "netkit/peer", "netkit_peer", "nk0", {}, send(there));
  },
);

/** Sends a UDP packet over the loopback interface, and receives it. */
async function udp(): Promise<void> {
  const [receiver, sender] = [createSocket("udp4"), createSocket("udp4")];
  await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
  const received = once(receiver, "message");
  sender.send("x", receiver.address().port, "127.0.0.1");
  await received;
  receiver.close();
  sender.close();
}
await runCaseIf(
  missingFeature("link type", BPF_LINK_TYPE_NETFILTER, haveLinkType(BPF_LINK_TYPE_NETFILTER)),
  bytes,
  "netfilter",
  async (one) => {
    const netfilter = { family: 2, hook: 3, priority: -10 };
    await attachAndFire(one, "netfilter", "on_netfilter", "", { netfilter }, udp);
    await attachAndFire(one, "netfilter", "on_netfilter", "ipv4:local_out:5", {}, udp);
    const loaded = one.load("on_netfilter");
    assert.throws(() => attachProgram(loaded.object.program("on_netfilter")), { code: "INVALID_ARGUMENT" });
    using link = attachProgram(loaded.object.program("on_netfilter"), "", { netfilter });
    assert.deepEqual(link.info().netfilter, netfilter);
  },
);
await runCase(bytes, "sk_lookup", (one) =>
  attachAndFire(one, "sk_lookup", "on_lookup", "/proc/self/ns/net", {}, udp),
);
await runCaseIf(
  missingFeature("program type", BPF_PROG_TYPE_FLOW_DISSECTOR, haveProgramType(BPF_PROG_TYPE_FLOW_DISSECTOR)),
  bytes,
  "flow_dissector",
  (one) => attachAndFire(one, "flow_dissector", "on_flow", "/proc/self/ns/net"),
);
await runCase(bytes, "socket: frames of an interface", (one) =>
  attachAndFire(one, "socket", "on_frame", "a1"),
);

for (const [kind, program] of [
  ["sk_reuseport", "on_reuseport"],
  ["sk_reuseport/migrate", "on_migrate"],
] as const) {
  await runCase(bytes, kind, async (one) => {
    const first = new UdpReceiver();
    const second = new UdpReceiver(first.port);
    const sender = createSocket("udp4");
    one.after(() => {
      sender.close();
      first[Symbol.dispose]();
      second[Symbol.dispose]();
    });
    let taken = 0;
    const take = (): boolean => first.receive(0) > 0 || second.receive(0) > 0;
    const send = async (): Promise<void> => {
      sender.send("x", first.port, "127.0.0.1");
      await until(`datagram ${++taken}`, take);
    };
    await attachAndFire(one, kind, program, "", { targetFd: first.fd }, send);
  });
}

/** Both ends of a TCP connection and their descriptors, which the test knows as Node does. */
async function connection(one: Case): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const client = connect(address.port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  if (client.connecting) await once(client, "connect");
  one.after(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return [client, accepted];
}
const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

async function throughSocketMap(
  one: Case,
  kinds: readonly (readonly [kind: string, program: string])[],
  mode?: "legacy",
): Promise<void> {
  const loaded = one.load(...kinds.map(([, program]) => program));
  const [client, accepted] = await connection(one);
  const map = loaded.object.map("sockets");
  const options: AttachOptions = { targetFd: map.fd, ...(mode === undefined ? {} : { mode }) };
  const links = kinds.map(([, program]) => attachProgram(loaded.object.program(program), "", options));
  one.after(() => {
    for (const link of links) link.close();
  });
  const kind = kinds[0]?.[0] ?? "";
  const inMap = kind === "sk_msg" ? client : accepted;
  // A u32 in the place of a descriptor, the map's entry for a socket.
  map.update(words(0), words(fdOf(inMap)));
  one.after(() => void map.delete(words(0)));
  const received = once(accepted, "data");
  client.write("x");
  await received;
  assert.ok(loaded.get("count") >= 1, kind);
  if (kinds.length > 1) assert.ok(loaded.get("second") >= 1);
  for (const [name] of kinds) one.covers(name, "target", "fired");
}
for (const mode of [undefined, "legacy"] as const) {
  const way = mode === undefined ? "" : " without a link";
  await runCase(bytes, `sk_msg${way}`, (one) => throughSocketMap(one, [["sk_msg", "on_message"]], mode));
  await runCase(bytes, `sk_skb/stream_parser and stream_verdict${way}`, (one) =>
    throughSocketMap(
      one,
      [
        ["sk_skb/stream_verdict", "on_stream"],
        ["sk_skb/stream_parser", "on_parse"],
      ],
      mode,
    ),
  );
  await runCase(bytes, `sk_skb/verdict${way}`, (one) =>
    throughSocketMap(one, [["sk_skb/verdict", "on_verdict"]], mode),
  );
  await runCase(bytes, `sk_skb${way}`, (one) => throughSocketMap(one, [["sk_skb", "on_skb"]], mode));
}

const noLwt = missingFeature("program type", BPF_PROG_TYPE_LWT_IN, haveProgramType(BPF_PROG_TYPE_LWT_IN));
for (const [kind, program] of [
  ["lwt_out", "on_lwt_out"],
  ["lwt_xmit", "on_lwt_xmit"],
] as const) {
  await runCaseIf(noLwt, bytes, kind, async (one) => {
    const socket = createSocket("udp4");
    one.after(() => socket.close());
    const send = (): Promise<void> =>
      new Promise((resolve) => socket.send("x", 9, "10.9.0.1", () => resolve()));
    await attachAndFire(one, kind, program, "10.9.0.0/16 dev b0", {}, send);
  });
}
await runCaseIf(noLwt, bytes, "lwt_in", async (one) => {
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  const toRoute = frame([10, 9, 0, 1]);
  await attachAndFire(one, "lwt_in", "on_lwt_in", "10.9.0.0/16 dev b0", {}, () => sendFrame(toRoute));
});
await runCaseIf(
  missingFeature("program type", BPF_PROG_TYPE_LWT_SEG6LOCAL, haveProgramType(BPF_PROG_TYPE_LWT_SEG6LOCAL)),
  bytes,
  "lwt_seg6local",
  async (one) => {
    writeFileSync("/proc/sys/net/ipv6/conf/a1/disable_ipv6", "0");
    for (const name of ["all", "a1"]) {
      writeFileSync(`/proc/sys/net/ipv6/conf/${name}/seg6_enabled`, "1");
      writeFileSync(`/proc/sys/net/ipv6/conf/${name}/forwarding`, "1");
    }
    const address = (last: number): number[] => [0xfc, ...Array<number>(14).fill(0), last];
    // IPv6 with a segment routing header: one segment is left, this is the one before.
    const header = [0x60, 0, 0, 0, 0, 40, 43, 64, ...address(9), ...address(1)];
    const routing = [59, 4, 4, 1, 1, 0, 0, 0, ...address(2), ...address(1)];
    const segmented = Uint8Array.from([
      ...MAC,
      2,
      0,
      0,
      0,
      0,
      2,
      0x86,
      0xdd,
      ...header,
      ...routing,
      0,
      0,
      0,
      0,
    ]);
    await attachAndFire(one, "lwt_seg6local", "on_seg6", "fc00::1/128 dev a1", {}, () =>
      sendFrame(segmented),
    );
  },
);
for (const one of [a0, ...a1]) one[Symbol.dispose]();
console.log("done");
