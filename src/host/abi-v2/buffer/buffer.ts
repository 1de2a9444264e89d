import { EBADF, EINVAL } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { BufferEntry } from "./entry.ts";
import { RecordBuffer } from "./record-buffer.ts";
import { UserRing } from "./user-ring.ts";

const KIND_RING = 1;
const KIND_PERF = 2;
const KIND_USER_RING = 3;
const STATE_BYTES = 40;

/** Records of ring buffers and perf buffers, and user ring buffers, see `docs/abi-v2.md`. */
export function bufferImports(context: AbiV2Context): HostImports {
  const { handles, memory, fds } = context;

  function open<T extends BufferEntry>(
    handle: number,
    // biome-ignore lint/suspicious/noExplicitAny: constructors differ
    kind: abstract new (...parameters: any[]) => T,
  ): T {
    const buffer = handles.get(handle, BufferEntry);
    if (buffer === undefined) throw new Refusal(EBADF);
    if (!(buffer instanceof kind)) throw new Refusal(EINVAL);
    return buffer;
  }

  function create(kind: number): BufferEntry {
    switch (kind) {
      case KIND_RING:
      case KIND_PERF:
        return new RecordBuffer(context, kind === KIND_PERF);
      case KIND_USER_RING:
        return new UserRing(context);
      default:
        throw new Refusal(EINVAL);
    }
  }

  return {
    buffer_new: guestCall((kind: number) => handles.add(create(kind))),
    buffer_add: guestCall((handle: number, fd: number, request: number) =>
      open(handle, BufferEntry).add(kernelDescriptor(fds, fd, "map").object, fd, request),
    ),
    buffer_fill: guestCall(
      (handle: number, source: number, at: number, size: number, limit: number, timeoutMs: number) =>
        open(handle, BufferEntry).fill(source, at, size >>> 0, limit >>> 0, timeoutMs),
    ),
    buffer_state: guestCall((handle: number, source: number, out: number) => {
      const range = guestRange(memory, out, STATE_BYTES);
      open(handle, BufferEntry).state(source, new DataView(range.buffer, range.byteOffset, STATE_BYTES));
      return 0;
    }),
    buffer_fd: guestCall((handle: number) => open(handle, BufferEntry).descriptor()),
    buffer_source_fd: guestCall((handle: number, source: number) =>
      open(handle, BufferEntry).descriptor(source),
    ),
    buffer_reserve: guestCall((handle: number, size: number, timeoutMs: number) =>
      open(handle, UserRing).reserve(size >>> 0, timeoutMs),
    ),
    buffer_submit: guestCall((handle: number, ticket: number, at: number, size: number) =>
      open(handle, UserRing).submit(ticket, at, size >>> 0),
    ),
    buffer_discard: guestCall((handle: number, ticket: number) => open(handle, UserRing).discard(ticket)),
    buffer_close: guestCall((handle: number) => (handles.close(handle, BufferEntry) ? 0 : -EBADF)),
  };
}
