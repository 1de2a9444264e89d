import { EBADF, EINVAL } from "../../../uapi/errno.ts";
import type { AbiV2Context } from "../context.ts";
import type { GuestMap } from "../guest-map.ts";
import type { HandleEntry } from "../handles.ts";
import { KernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";

type Descriptor = KernelDescriptor<"buffer">;

/** What stands behind a handle of `buffer_new`; what a kind of buffer cannot do is -EINVAL. */
export abstract class BufferEntry implements HandleEntry {
  readonly #context: AbiV2Context;
  /** What the guest has, by the descriptor of the host. */
  readonly #descriptors = new Map<number, { readonly guestFd: number; readonly descriptor: Descriptor }>();
  #closed = false;

  constructor(context: AbiV2Context) {
    this.#context = context;
  }

  /** Descriptor of the host that is readable while records wait, writable where there is room. */
  abstract get waitFd(): number;

  /** Adds a map. @returns number of its source */
  abstract add(map: GuestMap, guestFd: number, request: number): number;

  /** The same for one source. */
  sourceFd(_source: number): number {
    throw new Refusal(EINVAL);
  }

  /** Whether records wait, in one source or in any. */
  hasRecords(_source?: number): boolean {
    return false;
  }

  /** `buffer_fill`. */
  fill(_source: number, _at: number, _size: number, _limit: number, _timeoutMs: number): number {
    throw new Refusal(EINVAL);
  }

  /** Writes the 40 bytes of `buffer_state`. */
  state(_source: number, _view: DataView): void {
    throw new Refusal(EINVAL);
  }

  /** Unmaps and closes. */
  protected abstract release(): void;

  /** The guest's descriptor for {@link waitFd}, or a source's: the same each time. */
  descriptor(source?: number): number {
    if (this.#closed) throw new Refusal(EBADF);
    const { fds, sys, interrupts } = this.#context;
    const hostFd = source === undefined ? this.waitFd : this.sourceFd(source);
    const known = this.#descriptors.get(hostFd);
    if (known !== undefined && fds.get(known.guestFd) === known.descriptor) return known.guestFd;
    // The buffer owns the host's.
    const onClose = (): void => {};
    const descriptor = new KernelDescriptor({
      sys,
      interrupts,
      kind: "buffer",
      hostFd,
      object: () => !this.#closed && this.hasRecords(source),
      onClose,
    });
    const guestFd = fds.add(descriptor);
    if (guestFd >= 0) this.#descriptors.set(hostFd, { guestFd, descriptor });
    return guestFd;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { fds } = this.#context;
    for (const { guestFd, descriptor } of this.#descriptors.values())
      if (fds.get(guestFd) === descriptor) fds.close(guestFd);
    this.release();
  }
}
