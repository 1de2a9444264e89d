/** Exit status of a guest that trapped: what a shell reports for an aborted process. */
export const STATUS_TRAP = 134;
/** Added to the signal's number when a signal ended the guest. */
export const STATUS_SIGNAL = 128;

/** Why a guest ended. */
export type EndingReason = "exit" | "signal" | "trap";

/**
 * Unwinds the guest's frames. Thrown by host imports only; once thrown, every further import call of that guest
 * throws it again, so that a guest that catches foreign exceptions cannot go on.
 */
export class GuestEnding {
  readonly status: number;
  readonly reason: EndingReason;
  /** For a trap: what happened and in which guest function. */
  readonly message: string | undefined;

  constructor(reason: EndingReason, status: number, message?: string) {
    this.reason = reason;
    this.status = status;
    this.message = message;
  }
}
