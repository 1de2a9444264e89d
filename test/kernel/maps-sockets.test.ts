import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_NOEXIST } from "../../src/uapi/bpf.ts";
import { EAFNOSUPPORT } from "../../src/uapi/errno.ts";
import { AF_INET, SO_ATTACH_REUSEPORT_EBPF, SOCK_DGRAM, SOCK_RAW, SOL_SOCKET } from "../../src/uapi/linux.ts";
import { longs, u32, u64, words } from "../support/bytes.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { UdpReceiver } from "../support/udp.ts";

failOnLeaks();

const PACKET = { data: new Uint8Array(64) };
const XDP_PASS = 2;
const XDP_REDIRECT = 4;
const LOOPBACK = 1;

function fdOf(socket: object): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

test("device, CPU and AF_XDP maps: a program redirects where there is an entry", (context) => {
  const redirect = (name: string): string =>
    `SEC("xdp") int to_${name}(struct xdp_md *xdp) { return bpf_redirect_map(&${name}, 1, XDP_PASS); }`;
  const map = (name: string, type: string, valueSize: number): string => `
struct {
	__uint(type, BPF_MAP_TYPE_${type});
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, ${valueSize});
} ${name} SEC(".maps");
${redirect(name)}`;
  const source =
    map("devices", "DEVMAP", 4) +
    map("device_hash", "DEVMAP_HASH", 8) +
    map("cpus", "CPUMAP", 8) +
    map("queues", "XSKMAP", 4);
  using object = BpfObject.open(
    compileBpf(`${source}
SEC("xdp/devmap") int at_device(struct xdp_md *xdp) { return XDP_DROP; }
SEC("xdp/cpumap") int at_cpu(struct xdp_md *xdp) { return XDP_DROP; }`),
  );
  object.load();
  const verdict = (name: string): number => object.program(`to_${name}`).testRun(PACKET).returnValue;
  const program = (name: string): number => object.program(name).info().id;

  const entries: readonly (readonly [name: string, value: Uint8Array, stored: number[]])[] = [
    ["devices", u32(LOOPBACK), [LOOPBACK]],
    ["device_hash", u32(LOOPBACK, object.program("at_device").fd), [LOOPBACK, program("at_device")]],
    ["cpus", u32(192, object.program("at_cpu").fd), [192, program("at_cpu")]],
  ];
  for (const [name, value, stored] of entries) {
    const map = object.map(name);
    assert.equal(verdict(name), XDP_PASS, name);
    map.update(u32(1), value);
    assert.equal(verdict(name), XDP_REDIRECT, name);
    assert.deepEqual(words(map.lookup(u32(1))), stored, name);
    assert.ok([...map.keys()].some((key) => words(key)?.[0] === 1));
    assert.ok(map.delete(u32(1)));
    assert.equal(verdict(name), XDP_PASS, name);
  }
  assert.throws(() => object.map("devices").update(u32(1), u32(0x7fff_ffff)), { message: /EINVAL|ENODEV/ });
  assert.throws(() => object.map("cpus").update(u32(1), u32(99_999, 0)), { code: "SYSCALL" });

  const [AF_XDP, SOL_XDP, XDP_RX_RING] = [44, 283, 2];
  const socket = getSys().socket(AF_XDP, SOCK_RAW, 0);
  if (socket === -EAFNOSUPPORT) {
    context.diagnostic("no AF_XDP sockets: this kernel lacks the address family");
    return;
  }
  assert.ok(socket >= 0, String(socket));
  try {
    assert.equal(getSys().setSocketOption(socket, SOL_XDP, XDP_RX_RING, u32(64)), 0);
    assert.equal(verdict("queues"), XDP_PASS);
    object.map("queues").update(u32(1), u32(socket), BigInt(BPF_NOEXIST));
    assert.equal(verdict("queues"), XDP_REDIRECT);
    assert.ok(object.map("queues").delete(u32(1)));
    assert.equal(verdict("queues"), XDP_PASS);
    const other = getSys().socket(AF_INET, SOCK_DGRAM, 0);
    assert.throws(() => object.map("queues").update(u32(1), u32(other)), { message: /EOPNOTSUPP/ });
    getSys().close(other);
  } finally {
    getSys().close(socket);
  }
});

test("socket maps: a program finds the sockets, keeps something for them, and forgets those that are closed", async () => {
  using object = BpfObject.open(
    compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_SOCKMAP); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); }
	sockets SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SOCKHASH); __uint(max_entries, 4); __type(key, __u64); __type(value, __u64); }
	hash SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SK_STORAGE); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, __u64); }
	storage SEC(".maps");
static __always_inline int port_of(struct bpf_sock *sk)
{
	__u64 *value;
	int port;
	if (!sk)
		return 0;
	value = bpf_sk_storage_get(&storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (value)
		*value += 10;
	port = sk->src_port;
	bpf_sk_release(sk);
	return port;
}
SEC("tc") int by_index(struct __sk_buff *skb) { __u32 key = 2; return port_of(bpf_map_lookup_elem(&sockets, &key)); }
SEC("tc") int by_key(struct __sk_buff *skb) { __u64 key = 77; return port_of(bpf_map_lookup_elem(&hash, &key)); }
`),
  );
  object.load();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = connect(port, "127.0.0.1");
  await once(client, "connect");
  const [peer] = await accepted;
  try {
    const [sockets, hash, storage] = ["sockets", "hash", "storage"].map((name) => object.map(name));
    assert.ok(sockets && hash && storage);
    const run = (name: string): number => object.program(name).testRun(PACKET).returnValue;
    assert.equal(run("by_index"), 0);
    sockets.update(u32(2), u64(fdOf(client)));
    hash.update(u64(77), u64(fdOf(peer)));
    assert.equal(run("by_index"), client.localPort);
    assert.equal(run("by_key"), port);
    assert.equal(run("by_key"), port);
    assert.deepEqual(longs(storage.lookup(u32(fdOf(client)))), [10]);
    assert.deepEqual(longs(storage.lookup(u32(fdOf(peer)))), [20]);
    // System calls get the sockets' cookies.
    const [cookie = 0] = longs(sockets.lookup(u32(2))) ?? [];
    assert.ok(cookie > 0);
    assert.deepEqual([...hash.keys()], [u64(77)]);
    assert.throws(() => sockets.update(u32(3), u64(1 << 20)), { message: /EBADF/ });
    assert.ok(sockets.delete(u32(2)));
    assert.equal(run("by_index"), 0);
    peer.destroy();
    await once(client, "close");
    assert.equal(run("by_key"), 0);
    assert.deepEqual([...hash.keys()], []);
  } finally {
    client.destroy();
    peer.destroy();
    server.close();
    await once(server, "close");
  }
});

test("a program picks the receiver among sockets of one port", async () => {
  using object = BpfObject.open(
    compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); }
	receivers SEC(".maps");
__u32 chosen;
SEC("sk_reuseport") int pick(struct sk_reuseport_md *md)
{
	return bpf_sk_select_reuseport(md, &receivers, &chosen, 0) ? SK_DROP : SK_PASS;
}`),
  );
  object.load();
  using first = new UdpReceiver();
  using second = new UdpReceiver(first.port);
  const sockets = [first, second];
  const sender = createSocket("udp4");
  try {
    const receivers = object.map("receivers");
    for (const [index, { fd }] of sockets.entries()) receivers.update(u32(index), u64(fd));
    assert.ok((longs(receivers.lookup(u32(1)))?.[0] ?? 0) > 0, "the cookie of the socket");
    const program = u32(object.program("pick").fd);
    assert.equal(getSys().setSocketOption(first.fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, program), 0);
    for (const chosen of [1, 0, 1]) {
      object.map(".bss").update(u32(0), u32(chosen));
      await new Promise((resolve) => sender.send("x", first.port, "127.0.0.1", resolve));
      assert.equal(sockets[chosen]?.receive(), 1);
      assert.equal(sockets[1 - chosen]?.receive(0), -1);
    }
  } finally {
    sender.close();
  }
});
