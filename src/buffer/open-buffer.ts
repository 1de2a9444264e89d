import { WasmBpfError } from "../internal/index.ts";
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF } from "../uapi/bpf.ts";
import type { BufferMap, EventBuffer } from "./event-buffer.ts";
import { PerfBuffer } from "./perf-buffer.ts";
import { RingBuffer } from "./ring-buffer.ts";

/**
 * Opens the reader that fits a map's type.
 *
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when events cannot arrive in a map of this type
 * @throws {SystemCallError} when the kernel refuses
 */
export function openBuffer(map: BufferMap & { readonly type: number; readonly name?: string }): EventBuffer {
  switch (map.type) {
    case BPF_MAP_TYPE_RINGBUF:
      return new RingBuffer(map);
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      return new PerfBuffer(map);
    default:
      throw new WasmBpfError(
        "INVALID_ARGUMENT",
        `Cannot read events from map "${map.name ?? ""}": its type is ${map.type}, neither ring buffer nor perf event array`,
      );
  }
}
