export {
  type BufferMap,
  type EventBuffer,
  type InPlace,
  openBuffer,
  PerfBuffer,
  type PerfBufferOptions,
  Poller,
  RingBuffer,
  TypedBuffer,
  UserRingBuffer,
  type WaitOptions,
} from "../buffer/index.ts";
