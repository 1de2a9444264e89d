import { WasmBpfError } from "../internal/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { MAP_SHARED } from "../uapi/linux.ts";

/** Maps memory of a descriptor. @throws {SystemCallError} when the kernel refuses */
export function mapShared(
  fd: number,
  prot: number,
  lengthBytes: number,
  offsetBytes: number,
  action: string,
): ArrayBuffer {
  const result = getSys().mmap(lengthBytes, prot, MAP_SHARED, fd, offsetBytes);
  if (typeof result !== "number") return result;
  checkedCall(result, "mmap", action);
  throw new WasmBpfError("NOT_SUPPORTED", `${action}: mmap returned no memory`);
}

/**
 * A position of a ring in shared memory: a 64-bit byte count that only grows.
 *
 * Why Atomics. The kernel writes a record, then publishes it with a store-release of the producer position (or
 * clears the busy bit of its header); the reader must load that word with acquire before it reads the record. On
 * x86-64 every load is an acquire, but a compiler may still move or merge plain loads, and on arm64 the processor
 * may, too: plain JavaScript accesses promise no order at all. `Atomics` accesses are sequentially consistent,
 * which includes acquire and release, and work on memory that is not a SharedArrayBuffer. Likewise the reader's
 * position is stored with `Atomics` after the last read of the records that it gives back.
 *
 * Only the low half is read in the hot path, since a ring is smaller than 4 GiB; a 64-bit store is needed only
 * when the high half changes, as the kernel reads the position as one 64-bit word and must not see half of it.
 */
export class SharedPosition {
  readonly #halves: Int32Array;
  readonly #whole: BigInt64Array;

  constructor(memory: ArrayBuffer, offsetBytes: number) {
    this.#halves = new Int32Array(memory, offsetBytes, 2);
    this.#whole = new BigInt64Array(memory, offsetBytes, 1);
  }

  /** The whole position; exact up to 2^53, that is for 9 PB of records. */
  load(): number {
    return Number(Atomics.load(this.#whole, 0));
  }

  /** The low 32 bits, as a signed number. */
  loadLow(): number {
    return Atomics.load(this.#halves, 0);
  }

  /** @param previous the position stored last */
  store(position: number, previous: number): void {
    if (position - (position % 2 ** 32) === previous - (previous % 2 ** 32)) {
      Atomics.store(this.#halves, 0, position | 0);
    } else {
      Atomics.store(this.#whole, 0, BigInt(position));
    }
  }
}
