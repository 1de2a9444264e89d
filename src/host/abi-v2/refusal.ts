import { errnoOf } from "../abi-v1/index.ts";
import { GuestEnding } from "../ending.ts";
import { type HostImport, hostImport } from "../host-import.ts";

/** Ends an import call with -errno. It never leaves {@link guestCall}. */
export class Refusal {
  /** Positive, Linux's. */
  readonly errno: number;

  constructor(errno: number) {
    this.errno = errno;
  }
}

/**
 * An import: its parameters are those of `call`, all i32. What `call` throws becomes -errno: a {@link Refusal}, or an
 * error of the layers below.
 */
export function guestCall(call: (...parameters: number[]) => number): HostImport {
  return hostImport("i".repeat(call.length), "i", (...parameters: number[]) => {
    try {
      return call(...parameters);
    } catch (error) {
      if (error instanceof Refusal) return -error.errno;
      if (error instanceof GuestEnding) throw error;
      return -errnoOf(error);
    }
  });
}
