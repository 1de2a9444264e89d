import type { Sys } from "../sys/index.ts";

/** Room that a call of the host has at least. */
const ROOM_BYTES = 160 * 1024;
/** What most guests never use: they need not wait until it is known how large the stack is. */
const UNSUSPICIOUS_BYTES = 64 * 1024;
/** Parameters that nobody reads lie on the stack, too: its end is reached sooner. */
const filler: readonly number[] = new Array(512).fill(0);

/**
 * Where the stack of a guest ends: the host's calls need room below. Without it they would end anywhere, between opening
 * a descriptor and noting it, and where V8 compiles a regular expression it ends the process.
 */
export class StackLimit {
  readonly #sys: Sys;
  readonly #start: number;
  #lowest: number | undefined;

  constructor(sys: Sys) {
    this.#sys = sys;
    this.#start = sys.stackAddress();
  }

  /** @throws {RangeError} as the engine does at the end of the stack */
  check(): void {
    const here = this.#sys.stackAddress();
    if (here >= this.#start - UNSUSPICIOUS_BYTES) return;
    this.#lowest ??= this.#find();
    if (here < this.#lowest) throw new RangeError("Maximum call stack size exceeded");
  }

  #find(): number {
    const sys = this.#sys;
    let end = this.#start;
    const descend = (): void => {
      end = sys.stackAddress();
      Reflect.apply(descend, undefined, filler);
    };
    try {
      descend();
    } catch {
      // That was the end.
    }
    return end + Math.min(ROOM_BYTES, (this.#start - end) / 4);
  }
}
