/** Hands out identifiers, each one once. */
export class UniqueNames {
  readonly #taken: Set<string>;

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved);
  }

  /** `name`, or `name___2` and so on when it is taken already. */
  take(name: string): string {
    let candidate = name;
    for (let n = 2; this.#taken.has(candidate); n++) candidate = `${name}___${n}`;
    this.#taken.add(candidate);
    return candidate;
  }
}
