import { getSys } from "../../src/sys/index.ts";
import { EADDRINUSE } from "../../src/uapi/errno.ts";
import { AF_INET, EPOLL_CTL_ADD, EPOLLIN, SOCK_DGRAM, SOL_SOCKET } from "../../src/uapi/linux.ts";
import { u32 } from "./bytes.ts";

const SO_REUSEPORT = 15;

/** A datagram socket at 127.0.0.1 whose descriptor is known, which Node's own hide. Its port can be shared. */
export class UdpReceiver implements Disposable {
  readonly fd: number;
  readonly port: number;
  readonly #epoll: number;

  /** @param port a port that another receiver has; left out: one that is free */
  constructor(port?: number) {
    this.fd = getSys().socket(AF_INET, SOCK_DGRAM, 0);
    // Both sockets of a port have to agree to share it before they are bound.
    getSys().setSocketOption(this.fd, SOL_SOCKET, SO_REUSEPORT, u32(1));
    let candidate = port ?? 20_000 + (process.pid % 20_000);
    let result = this.#bind(candidate);
    while (port === undefined && result === -EADDRINUSE) result = this.#bind(++candidate);
    if (result < 0) throw new Error(`cannot bind port ${candidate}: ${result}`);
    this.port = candidate;
    this.#epoll = getSys().epollCreate();
    getSys().epollCtl(this.#epoll, EPOLL_CTL_ADD, this.fd, EPOLLIN, 0);
  }

  #bind(port: number): number {
    const address = new Uint8Array(16);
    new Uint16Array(address.buffer)[0] = AF_INET;
    new DataView(address.buffer).setUint16(2, port);
    address.set([127, 0, 0, 1], 4);
    return getSys().bind(this.fd, address);
  }

  /** Waits for a datagram. @returns its size, or -1 when none came within `timeoutMs` */
  receive(timeoutMs = 10_000): number {
    const count = getSys().epollWait(this.#epoll, new Uint32Array(2), 1, timeoutMs);
    return count === 1 ? getSys().read(this.fd, new Uint8Array(2048)) : -1;
  }

  [Symbol.dispose](): void {
    getSys().close(this.#epoll);
    getSys().close(this.fd);
  }
}
