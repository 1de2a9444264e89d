/**
 * How long a test waits for what has to happen: long, since an emulated machine beside others takes its time, and
 * nobody waits that long unless something is wrong.
 */
export const PATIENCE_MS = 60_000;

/** So often it is looked at least, whatever the clock says: a machine that stood still did nothing in that time. */
const LOOKS = 1000;

/** Waits until `condition` holds. @throws {Error} that `what` did not happen */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (let looks = 0; !condition(); looks++) {
    if (looks > LOOKS && Date.now() > end) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
