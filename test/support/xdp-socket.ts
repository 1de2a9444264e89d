import { checkedCall, getSys } from "../../src/sys/index.ts";
import {
  EPOLL_CTL_ADD,
  EPOLLIN,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SOCK_RAW,
} from "../../src/uapi/linux.ts";
import { PATIENCE_MS } from "./until.ts";

// From linux/if_xdp.h.
const AF_XDP = 44;
const SOL_XDP = 283;
const XDP_MMAP_OFFSETS = 1;
const XDP_RX_RING = 2;
const XDP_UMEM_REG = 4;
const XDP_UMEM_FILL_RING = 5;
const XDP_UMEM_COMPLETION_RING = 6;
const XDP_PGOFF_RX_RING = 0;
const XDP_UMEM_PGOFF_FILL_RING = 0x1_0000_0000;
const XDP_COPY = 2;

const CHUNK_BYTES = 2048;
const CHUNKS = 16;
const RW = PROT_READ | PROT_WRITE;

/** A ring of a socket: its producer and consumer counters, and entries. */
interface Ring {
  readonly memory: ArrayBuffer;
  readonly producer: Int32Array;
  readonly consumer: Int32Array;
  readonly entries: BigUint64Array;
}

/** An AF_XDP socket that receives what a program redirects to it through an XSKMAP. */
export class XdpSocket implements Disposable {
  readonly fd: number;
  readonly #frames: ArrayBuffer;
  readonly #fill: Ring;
  readonly #received: Ring;
  readonly #epoll: number;

  /** @param queue of the interface; a virtual one has queue 0 */
  constructor(name: string, queue = 0) {
    const sys = getSys();
    this.fd = checkedCall(sys.socket(AF_XDP, SOCK_RAW, 0), "socket(AF_XDP)", "Cannot make an XDP socket");
    this.#frames = mapped(CHUNKS * CHUNK_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // struct xdp_umem_reg: addr, len, chunk_size, headroom
    const memory = new BigUint64Array(3);
    memory[0] = sys.addressOf(new Uint8Array(this.#frames));
    memory[1] = BigInt(this.#frames.byteLength);
    memory[2] = BigInt(CHUNK_BYTES);
    this.#set(XDP_UMEM_REG, new Uint8Array(memory.buffer));
    for (const ring of [XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING]) {
      this.#set(ring, new Uint8Array(Uint32Array.of(CHUNKS).buffer));
    }
    // struct xdp_mmap_offsets: for rx, tx, fill and completion: producer, consumer, desc, flags
    const offsets = new BigUint64Array(16);
    checkedCall(
      sys.getSocketOption(this.fd, SOL_XDP, XDP_MMAP_OFFSETS, new Uint8Array(offsets.buffer)),
      "getsockopt(XDP_MMAP_OFFSETS)",
      "Cannot map an XDP socket",
    );
    this.#received = this.#ring(offsets.subarray(0, 4), 2, XDP_PGOFF_RX_RING);
    this.#fill = this.#ring(offsets.subarray(8, 12), 1, XDP_UMEM_PGOFF_FILL_RING);
    for (let chunk = 0; chunk < CHUNKS; chunk++) this.#offer(chunk * CHUNK_BYTES);
    // struct sockaddr_xdp: family, flags, ifindex, queue, fd of another socket
    const address = new DataView(new ArrayBuffer(16));
    address.setUint16(0, AF_XDP, true);
    address.setUint16(2, XDP_COPY, true);
    address.setInt32(4, sys.ifNameToIndex(name), true);
    address.setInt32(8, queue, true);
    checkedCall(sys.bind(this.fd, new Uint8Array(address.buffer)), "bind", "Cannot bind an XDP socket");
    this.#epoll = sys.epollCreate();
    sys.epollCtl(this.#epoll, EPOLL_CTL_ADD, this.fd, EPOLLIN, 0);
  }

  /** Waits for the next frame. @throws {Error} when none comes */
  receive(): Uint8Array {
    const { producer, consumer, entries } = this.#received;
    const at = Atomics.load(consumer, 0);
    if (Atomics.load(producer, 0) === at) getSys().epollWait(this.#epoll, new Uint32Array(2), 1, PATIENCE_MS);
    if (Atomics.load(producer, 0) === at) throw new Error("no frame came to the XDP socket");
    // struct xdp_desc: address, length (u32), options (u32)
    const index = (at % CHUNKS) * 2;
    const address = Number(entries[index]);
    const length = Number((entries[index + 1] ?? 0n) & 0xffff_ffffn);
    const frame = new Uint8Array(this.#frames, address, length).slice();
    Atomics.store(consumer, 0, at + 1);
    this.#offer(address - (address % CHUNK_BYTES));
    return frame;
  }

  [Symbol.dispose](): void {
    getSys().close(this.#epoll);
    getSys().close(this.fd);
    for (const memory of [this.#received.memory, this.#fill.memory, this.#frames]) getSys().munmap(memory);
  }

  /** Gives the kernel a chunk to put a frame in. */
  #offer(address: number): void {
    const { producer, entries } = this.#fill;
    const at = Atomics.load(producer, 0);
    entries[at % CHUNKS] = BigInt(address);
    Atomics.store(producer, 0, at + 1);
  }

  #set(option: number, value: Uint8Array): void {
    checkedCall(
      getSys().setSocketOption(this.fd, SOL_XDP, option, value),
      "setsockopt(SOL_XDP)",
      "Cannot set up an XDP socket",
    );
  }

  /** @param words of an entry */
  #ring(offsets: BigUint64Array, words: number, pageOffset: number): Ring {
    const [producer = 0, consumer = 0, entries = 0] = [...offsets].map(Number);
    const size = entries + CHUNKS * words * 8;
    const memory = mapped(size, MAP_SHARED, this.fd, pageOffset);
    return {
      memory,
      producer: new Int32Array(memory, producer, 1),
      consumer: new Int32Array(memory, consumer, 1),
      entries: new BigUint64Array(memory, entries, CHUNKS * words),
    };
  }
}

function mapped(sizeBytes: number, flags: number, fd: number, offset: number): ArrayBuffer {
  const memory = getSys().mmap(sizeBytes, RW, flags, fd, offset);
  if (typeof memory === "number") throw new Error(`mmap: ${memory}`);
  return memory;
}
