import { type EventBuffer, openBuffer, Poller } from "../../buffer/index.ts";
import type { BpfMap, BpfObject } from "../../ebpf/index.ts";

/** Opened reader of one map, with what waits for it. */
export interface GuestBuffer {
  readonly events: EventBuffer;
  readonly poller: Poller;
  /** How many of the lost records are in the guest's statistics. */
  countedLost: number;
}

/** A loaded object of a guest with the buffers that were polled. */
export class GuestObject {
  readonly object: BpfObject;
  readonly #buffers = new Map<BpfMap, GuestBuffer>();
  closed = false;

  constructor(object: BpfObject) {
    this.object = object;
  }

  /** The reader of a map; made at the first poll. @throws {WasmBpfError} when the map has no events or is refused */
  buffer(map: BpfMap): GuestBuffer {
    const known = this.#buffers.get(map);
    if (known !== undefined) return known;
    const events = openBuffer(map);
    try {
      const buffer = { events, poller: new Poller([events]), countedLost: 0 };
      this.#buffers.set(map, buffer);
      return buffer;
    } catch (error) {
      events.close();
      throw error;
    }
  }

  /** Detaches every link and closes everything; what is used afterwards answers -EBADF. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const { events, poller } of this.#buffers.values()) {
      poller.close();
      events.close();
    }
    this.#buffers.clear();
    this.object.close();
  }
}
