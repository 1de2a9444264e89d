export type { BufferMap, EventBuffer, InPlace } from "./event-buffer.ts";
export { openBuffer } from "./open-buffer.ts";
export { PerfBuffer, type PerfBufferOptions } from "./perf-buffer.ts";
export { outputEventAttr, PerfRing } from "./perf-ring.ts";
export { Poller } from "./poller.ts";
export { RingBuffer } from "./ring-buffer.ts";
export type { RingState, SpanSource } from "./span-source.ts";
export { TypedBuffer } from "./typed-buffer.ts";
export { UserRingBuffer } from "./user-ring-buffer.ts";
