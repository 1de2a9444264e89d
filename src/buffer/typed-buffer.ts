import type { BpfMap, ValueCodec } from "../ebpf/index.ts";
import type { EventBuffer } from "./event-buffer.ts";
import { openBuffer } from "./open-buffer.ts";
import { Poller } from "./poller.ts";
import type { WaitOptions } from "./readiness.ts";
import { takeRecords } from "./records.ts";

/** The reader of a ring or perf buffer whose records have a type. Close it when done. */
export class TypedBuffer<T> implements Disposable, AsyncIterable<T> {
  /** The reader itself. */
  readonly buffer: EventBuffer;
  readonly #codec: Pick<ValueCodec<T>, "decode">;
  #poller: Poller | undefined;

  /**
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when events cannot arrive in a map of this type
   * @throws {SystemCallError} when the kernel refuses
   */
  constructor(map: BpfMap, codec: Pick<ValueCodec<T>, "decode">) {
    this.buffer = openBuffer(map);
    this.#codec = codec;
  }

  /** Takes one event out; `undefined` when none is ready. */
  take(): T | undefined {
    const record = this.buffer.take();
    return record === undefined ? undefined : this.#codec.decode(record);
  }

  /**
   * Waits for events and delivers all that are ready.
   *
   * @param timeoutMs 0 only looks, -1 waits for ever
   * @param deliver a negative number as its result stops and is returned
   * @returns number of events delivered, or -errno: -EINTR while a caught signal is pending
   */
  poll(timeoutMs: number, deliver: (event: T) => unknown): number {
    this.#poller ??= new Poller([this.buffer]);
    const ready = this.#poller.wait(timeoutMs);
    return ready < 0 ? ready : this.buffer.consume((record) => deliver(this.#codec.decode(record)));
  }

  /**
   * Events as they arrive, until the buffer is closed: `for await (const event of buffer)`. The event loop goes on while
   * it waits, and leaving the loop leaves the buffer open.
   *
   * @throws {SystemCallError} when the kernel refuses; the signal's reason when it is aborted
   */
  events(options: WaitOptions = {}): AsyncGenerator<T, void, undefined> {
    return takeRecords(this.buffer, () => this.take(), options);
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.events();
  }

  close(): void {
    this.#poller?.close();
    this.buffer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
