import type { BpfProgram } from "../ebpf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import type { Link } from "./link.ts";
import type { LinkInfo } from "./link-info.ts";

/** Several attachments of one program that live and end together. */
export class LinkGroup implements Link {
  #program: BpfProgram;
  readonly kind: string;
  readonly #links: readonly Link[];

  private constructor(program: BpfProgram, kind: string, links: readonly Link[]) {
    this.#program = program;
    this.kind = kind;
    this.#links = links;
  }

  /** Attaches to each target. When one fails, those made before are closed; a single link stays what it is. */
  static attachAll<T>(
    program: BpfProgram,
    kind: string,
    targets: readonly T[],
    attach: (target: T) => Link,
  ): Link {
    const links: Link[] = [];
    try {
      for (const target of targets) links.push(attach(target));
    } catch (error) {
      for (const link of links) link.close();
      throw error;
    }
    const [first] = links;
    return first !== undefined && links.length === 1 ? first : new LinkGroup(program, kind, links);
  }

  get program(): BpfProgram {
    return this.#program;
  }

  /** A group has no one fd. */
  get fd(): undefined {
    return undefined;
  }

  /** Pins each link at `path` followed by its number. */
  pin(path: string): void {
    let pinned = 0;
    try {
      for (const link of this.#links) link.pin(`${path}${pinned++}`);
    } catch (error) {
      // The last one is not.
      for (const [index, link] of this.#links.slice(0, pinned - 1).entries()) link.unpin(`${path}${index}`);
      throw error;
    }
  }

  /** Removes the pins that {@link pin} made. */
  unpin(path: string): void {
    this.#links.forEach((link, index) => {
      link.unpin(`${path}${index}`);
    });
  }

  /** Of the first link. */
  info(): LinkInfo {
    const [first] = this.#links;
    if (first === undefined) throw new WasmBpfError("NOT_FOUND", "This group of links is empty");
    return first.info();
  }

  /** Updates one link after the other. */
  update(program: BpfProgram, expected?: BpfProgram): void {
    for (const link of this.#links) link.update(program, expected);
    this.#program = program;
  }

  detach(): void {
    for (const link of this.#links) link.detach();
  }

  close(): void {
    for (const link of this.#links) link.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
