import type { EventBuffer } from "./event-buffer.ts";
import type { WaitOptions } from "./readiness.ts";

/** Records in a row after which the rest of the program has its turn, however many wait. */
const MOST_AT_ONCE = 1024;

/** Takes records as they arrive, until the buffer is closed. */
export async function* takeRecords<T>(
  buffer: Pick<EventBuffer, "readable" | "closed">,
  take: () => T | undefined,
  options: WaitOptions,
): AsyncGenerator<T, void, undefined> {
  while (await buffer.readable(options)) {
    for (let left = MOST_AT_ONCE; left > 0 && !buffer.closed; left--) {
      options.signal?.throwIfAborted();
      const record = take();
      if (record === undefined) break;
      yield record;
    }
  }
}
