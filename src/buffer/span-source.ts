/** Where a ring stands. Positions are counts of bytes that only grow. */
export interface RingState {
  readonly consumer: number;
  readonly producer: number;
  /** Bytes between the two: records with their headers, also those not committed yet. */
  readonly availableBytes: number;
  /** Size of the data area. */
  readonly sizeBytes: number;
}

/** A ring whose records are taken as they are, header and padding included, many in one piece. */
export interface SpanSource {
  /** CPU whose records arrive here, -1 where they come from all. */
  readonly cpu: number;
  /** Records of the last span. */
  readonly spanRecords: number;
  readonly nextSizeBytes: number;
  readonly state: RingState;
  copySpan(into: Uint8Array, limit?: number): number;
}
