import { EINTR, EINVAL } from "../../../uapi/errno.ts";
import { SIGKILL } from "../../../uapi/linux.ts";
import { SIGNAL_CATCH, SIGNAL_DEFAULT } from "../../guest-signals.ts";
import type { HostImports } from "../../host-import.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { guestCall, Refusal } from "../refusal.ts";

const SIGSTOP = 19;
/** SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: the engine handles those of the processor itself. */
const OF_THE_PROCESSOR: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 11]);
const ITIMER_REAL = 0;
const TIMER_BYTES = 32;
const US_PER_S = 1_000_000n;
/** Longer timers never fire in practice; numbers stay exact. */
const LONGEST_S = 1n << 32n;

/** Imports of this family, see `docs/abi-v2.md`. */
export function signalImports({ memory, interrupts }: AbiV2Context): HostImports {
  let pendingAt = 0;

  function publish(count: number): void {
    if (pendingAt !== 0) memory.setU32(pendingAt, count);
  }

  function timeUs(view: DataView, offset: number): number {
    const seconds = view.getBigInt64(offset, true);
    const microseconds = view.getBigInt64(offset + 8, true);
    if (seconds < 0n || microseconds < 0n || microseconds >= US_PER_S) throw new Refusal(EINVAL);
    return Number((seconds > LONGEST_S ? LONGEST_S : seconds) * US_PER_S + microseconds);
  }

  function setTimeUs(view: DataView, offset: number, us: number): void {
    view.setBigInt64(offset, BigInt(us) / US_PER_S, true);
    view.setBigInt64(offset + 8, BigInt(us) % US_PER_S, true);
  }

  return {
    signal_catch: guestCall((number, how) => {
      if (number < 1 || number > 31 || number === SIGKILL || number === SIGSTOP) return -EINVAL;
      if (how < SIGNAL_DEFAULT || how > SIGNAL_CATCH) return -EINVAL;
      const before = interrupts.signals.disposition(number);
      if (OF_THE_PROCESSOR.has(number)) interrupts.signals.setDisposition(number, how);
      else interrupts.dispose(number, how);
      return before;
    }),
    signal_bind: guestCall((pending) => {
      if (pending !== 0) guestRange(memory, pending, 4);
      pendingAt = pending;
      interrupts.signals.onPending = publish;
      publish(interrupts.signals.pendingCount);
      return 0;
    }),
    signal_take: guestCall((mask) => {
      const view = guestRange(memory, mask, 8);
      const taken = interrupts.takeSignals();
      // Bit n of the host is signal n; of the guest, signal n + 1.
      new DataView(view.buffer, view.byteOffset).setBigUint64(0, BigInt(taken >>> 1), true);
      let count = 0;
      for (let rest = taken; rest !== 0; rest &= rest - 1) count++;
      return count;
    }),
    signal_wait: guestCall(() => {
      for (;;) {
        const result = interrupts.waitFor([], -1);
        if (typeof result === "number") return result === -EINTR ? -EINTR : result;
      }
    }),
    signal_timer: guestCall((which, value, old) => {
      if (which !== ITIMER_REAL) return -EINVAL;
      const given = value === 0 ? undefined : guestRange(memory, value, TIMER_BYTES);
      const before = old === 0 ? undefined : guestRange(memory, old, TIMER_BYTES);
      const { signals } = interrupts;
      const view = given === undefined ? undefined : new DataView(given.buffer, given.byteOffset);
      const next = view && { intervalUs: timeUs(view, 0), leftUs: timeUs(view, 16) };
      if (before !== undefined) {
        const { intervalUs, leftUs } = signals.timer;
        const out = new DataView(before.buffer, before.byteOffset);
        setTimeUs(out, 0, intervalUs);
        setTimeUs(out, 16, leftUs);
      }
      if (next !== undefined) signals.setTimer(next);
      return 0;
    }),
  };
}
