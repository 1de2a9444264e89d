import { getSys } from "../../../sys/index.ts";
import { EDEADLK } from "../../../uapi/errno.ts";
import type { GuestMemory } from "../../memory.ts";
import type { FdTable, SavedDescriptors } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import type { HandleTable } from "../handles.ts";

/**
 * Whether a wait could end only by what the parent of the running child does: that goes on when the child has started
 * its program or ended.
 */
export function waitsForParent({ forks, interrupts }: AbiV2Context, hostFd: number, events: number): boolean {
  if (!forks.inChild || forks.othersRun()) return false;
  const ready = interrupts.waitFor([{ fd: hostFd, events, data: 0 }], 0);
  return typeof ready !== "number" && ready.length === 0;
}

/** Says so. @returns -EDEADLK */
export function refuseToWait(context: AbiV2Context): number {
  context.print(
    "A child of fork waits for what its parent is to do, which goes on only when the child has started a program or ended",
  );
  return -EDEADLK;
}

/** A part of the guest's memory. */
export interface MemoryRange {
  readonly at: number;
  readonly size: number;
  /** Whether it is the kernel's, which processes share. */
  readonly live: boolean;
}

/** As deep as a program has reason to go: a process that starts another one and ends. */
const MOST_NESTED = 8;

/** The parent, as it was when its child began. */
interface Parent {
  readonly memory: Uint8Array;
  readonly descriptors: SavedDescriptors;
  /** Descriptor of the host that the parent itself waits for before its program begins. */
  readonly awaited: number;
}

/**
 * `fork` of a guest, which has one thread: the child runs first, in the parent's place, until it starts a program or
 * ends. Then the guest becomes again what the parent was.
 */
export class Forks {
  /** Pages that stand for a map's. */
  readonly mapped: Set<MemoryRange> = new Set();
  /** Whether there are processes that the guest has started. */
  othersRun: () => boolean = () => false;
  readonly #memory: GuestMemory;
  readonly #fds: FdTable;
  readonly #handles: HandleTable;
  readonly #parents: Parent[] = [];
  #awaited = -1;

  constructor(memory: GuestMemory, fds: FdTable, handles: HandleTable) {
    this.#memory = memory;
    this.#fds = fds;
    this.#handles = handles;
  }

  /** An eventfd of the host that the child waits for before it starts its program or ends, -1 for none. */
  get awaited(): number {
    return this.#awaited;
  }

  /** @param event stays open for as long as it is awaited, also when the child closes its own. @returns 0 or -errno */
  await(event: number): number {
    const own = getSys().dup(event);
    if (own < 0) return own;
    this.#awaited = own;
    return 0;
  }

  /** Whether what runs is a child. */
  get inChild(): boolean {
    return this.#parents.length > 0;
  }

  /** The guest is a child from now on. @returns false when there are too many already */
  begin(): boolean {
    if (this.#parents.length >= MOST_NESTED) return false;
    this.#parents.push({
      memory: this.#memory.bytes.slice(),
      descriptors: this.#fds.save(),
      awaited: this.#awaited,
    });
    this.#awaited = -1;
    this.#handles.save();
    return true;
  }

  /** The guest is the parent again. */
  end(): void {
    const parent = this.#parents.pop();
    if (parent === undefined) return;
    if (this.#awaited >= 0) getSys().close(this.#awaited);
    this.#awaited = parent.awaited;
    this.#handles.restore();
    this.#fds.restore(parent.descriptors);
    this.#restoreMemory(parent.memory);
  }

  /** Ends all children. @returns whether there was one */
  endAll(): boolean {
    const { inChild } = this;
    while (this.inChild) this.end();
    return inChild;
  }

  /** NB: what has grown stays, and is zero as new memory is, but for what is the kernel's. */
  #restoreMemory(saved: Uint8Array): void {
    const { bytes } = this.#memory;
    const shared = [...this.mapped].filter(({ live }) => live).sort((a, b) => a.at - b.at);
    let from = 0;
    for (const { at, size } of [...shared, { at: bytes.length, size: 0 }]) {
      bytes.set(saved.subarray(from, at), from);
      bytes.fill(0, Math.max(from, saved.length), at);
      from = at + size;
    }
  }
}
