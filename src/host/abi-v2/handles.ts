/** What a handle stands for: an object, a buffer, types, ... */
export interface HandleEntry {
  /** The handle is gone; closes what is behind it. */
  close(): void;
}

/**
 * What the handles of one guest stand for: one table for all kinds, told apart by their class. Numbers are positive
 * and never used again.
 */
export class HandleTable {
  readonly #entries = new Map<number, HandleEntry>();
  /** What was open when the processes began that run now, the outermost first. */
  readonly #saved: ReadonlyMap<number, HandleEntry>[] = [];
  #next = 1;

  add(entry: HandleEntry): number {
    const handle = this.#next++;
    this.#entries.set(handle, entry);
    return handle;
  }

  /** @returns the entry when `handle` is open and of this class. */
  // biome-ignore lint/suspicious/noExplicitAny: constructors of the families differ
  get<T extends HandleEntry>(handle: number, kind: abstract new (...parameters: any[]) => T): T | undefined {
    const entry = this.#entries.get(handle);
    return entry instanceof kind ? entry : undefined;
  }

  /** @returns false when `handle` is not open or of another class. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  close(handle: number, kind: abstract new (...parameters: any[]) => HandleEntry): boolean {
    const entry = this.get(handle, kind);
    if (entry === undefined) return false;
    this.#entries.delete(handle);
    if (!this.#isSaved(handle)) entry.close();
    return true;
  }

  /** From now on what is open now is not closed, until {@link restore}. */
  save(): void {
    this.#saved.push(new Map(this.#entries));
  }

  /** Opens again what was open at the last {@link save}, and closes what was added since. */
  restore(): void {
    const saved = this.#saved.pop() ?? new Map<number, HandleEntry>();
    for (const [handle, entry] of [...this.#entries].reverse()) if (!saved.has(handle)) entry.close();
    this.#entries.clear();
    for (const [handle, entry] of saved) this.#entries.set(handle, entry);
  }

  #isSaved(handle: number): boolean {
    return this.#saved.some((entries) => entries.has(handle));
  }

  /** Closes everything, newest first; the first error is thrown after all were tried. */
  closeAll(): void {
    let failure: unknown;
    for (const [handle, entry] of [...this.#entries].reverse()) {
      this.#entries.delete(handle);
      try {
        entry.close();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }
}
