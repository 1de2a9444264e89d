import { execFileSync } from "node:child_process";
import { checkedCall, getSys } from "../../src/sys/index.ts";
import { ENOBUFS } from "../../src/uapi/errno.ts";
import { AF_PACKET, EPOLL_CTL_ADD, EPOLLIN, SOCK_RAW } from "../../src/uapi/linux.ts";
import { PATIENCE_MS, until } from "./until.ts";

/** Runs iproute2's `ip`. */
export function ip(...args: string[]): string {
  return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** Brings interfaces up. What is sent before the kernel has seen their carrier is dropped, so this waits for it. */
export async function bringUp(...names: string[]): Promise<void> {
  for (const name of names) ip("link", "set", name, "up");
  for (const name of names) {
    // Some kinds have no carrier, and their state is unknown.
    await until(`carrier of ${name}`, () => / state (UP|UNKNOWN) /.test(ip("link", "show", name)));
  }
}

function boundSocket(name: string, protocol: number): number {
  const sys = getSys();
  const fd = checkedCall(sys.socket(AF_PACKET, SOCK_RAW, 0), "socket", "Cannot make a packet socket");
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, protocol);
  address.setInt32(4, sys.ifNameToIndex(name), true);
  checkedCall(sys.bind(fd, new Uint8Array(address.buffer)), "bind", "Cannot bind a packet socket");
  return fd;
}

/** Sends whole frames out of an interface. */
export class FrameSender implements Disposable {
  readonly #fd: number;

  constructor(name: string) {
    this.#fd = boundSocket(name, 0);
  }

  /** Sends a frame, again as long as the kernel drops it because its queue is full. */
  send(frame: Uint8Array): void {
    const end = Date.now() + PATIENCE_MS;
    let result: number;
    do result = getSys().write(this.#fd, frame);
    while (result === -ENOBUFS && Date.now() < end);
    checkedCall(result, "write", "Cannot send a frame");
  }

  [Symbol.dispose](): void {
    getSys().close(this.#fd);
  }
}

/**
 * Sees the frames of a protocol that an interface has received, together with the protocol itself: when a frame is here,
 * every hook on its way has run. NB: `write` may return before that. A soft interrupt that took too long is left to
 * a thread of the kernel, and until that has run, received packets wait.
 */
export class FrameReceiver implements Disposable {
  readonly #fd: number;
  readonly #epoll: number;

  /** @param protocol as in the Ethernet header, such as 0x0800 */
  constructor(name: string, protocol: number) {
    this.#fd = boundSocket(name, protocol);
    this.#epoll = getSys().epollCreate();
    getSys().epollCtl(this.#epoll, EPOLL_CTL_ADD, this.#fd, EPOLLIN, 0);
  }

  /** Waits for a frame with this end, throwing others away. @throws {Error} when it does not come */
  waitFor(end: Uint8Array): void {
    const frame = new Uint8Array(2048);
    while (getSys().epollWait(this.#epoll, new Uint32Array(2), 1, PATIENCE_MS) === 1) {
      const size = getSys().read(this.#fd, frame);
      const last = frame.subarray(size - end.length, size);
      if (last.every((byte, at) => byte === end[at])) return;
    }
    throw new Error("the frame did not arrive");
  }

  [Symbol.dispose](): void {
    getSys().close(this.#epoll);
    getSys().close(this.#fd);
  }
}
