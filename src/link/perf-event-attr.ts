/** Size of `struct perf_event_attr` as of Linux 4.1, which has every field that is used here. */
const ATTR_SIZE = 112;
/** Bit of the flags at offset 40: sample by frequency instead of period. */
const FREQUENCY = 1n << 10n;

/** The fields of a perf event that are used here. */
export interface PerfEventFields {
  readonly type: number;
  readonly config: bigint;
  readonly samplePeriod?: bigint;
  /** The sample period is a frequency in hertz. */
  readonly frequency?: boolean;
  /** Second part of the configuration; address of a name for probes. */
  readonly config1?: bigint;
  readonly config2?: bigint;
}

/** Encodes a `struct perf_event_attr`. */
export function perfEventAttr(fields: PerfEventFields): Uint8Array {
  const bytes = new Uint8Array(ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.type, true);
  view.setUint32(4, ATTR_SIZE, true);
  view.setBigUint64(8, fields.config, true);
  view.setBigUint64(16, fields.samplePeriod ?? 0n, true);
  view.setBigUint64(40, fields.frequency ? FREQUENCY : 0n, true);
  view.setBigUint64(56, fields.config1 ?? 0n, true);
  view.setBigUint64(64, fields.config2 ?? 0n, true);
  return bytes;
}
