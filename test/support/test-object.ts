import type { TestContext } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { refusedToRoot } from "./refused.ts";

const FIRST = new Uint8Array(4);

/** An object some of whose programs are loaded, with its global variables; closed when the test ends. */
export class TestObject {
  readonly object: BpfObject;

  /** @param names of the programs; none loads all that load by themselves */
  constructor(context: Pick<TestContext, "after">, bytes: Uint8Array, names: readonly string[] = []) {
    this.object = BpfObject.open(bytes, { name: "test" });
    context.after(() => this.object.close());
    if (names.length === 0) return;
    for (const program of this.object.programs.values()) program.autoload = names.includes(program.name);
  }

  /** Opens and loads. */
  static load(context: Pick<TestContext, "after">, bytes: Uint8Array, ...names: string[]): TestObject {
    const opened = new TestObject(context, bytes, names);
    opened.object.load();
    return opened;
  }

  /** The same, or skips the test with the kernel's answer when it refuses root a program. @returns `undefined` then */
  static loadOrSkip(
    context: Pick<TestContext, "after" | "skip">,
    bytes: Uint8Array,
    ...names: string[]
  ): TestObject | undefined {
    try {
      return TestObject.load(context, bytes, ...names);
    } catch (error) {
      const refusal = refusedToRoot(error);
      if (refusal === undefined) throw error;
      context.skip(refusal);
      return undefined;
    }
  }

  /** A global variable of 4 or 8 bytes, as it is now. */
  get(name: string): number {
    const { map, offset, size } = this.#place(name);
    const value = this.object.map(map).lookup(FIRST);
    if (value === undefined) throw new Error(`map ${map} has no value`);
    const view = new DataView(value.buffer, value.byteOffset);
    return size === 4 ? view.getUint32(offset, true) : Number(view.getBigInt64(offset, true));
  }

  /** Sets a global variable of 4 bytes, before or after the load. */
  set(name: string, value: number): void {
    const { map: mapName, offset } = this.#place(name);
    const map = this.object.map(mapName);
    const bytes = map.loaded ? map.lookup(FIRST) : map.initialValue;
    if (bytes === undefined) throw new Error(`map ${mapName} has no value`);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset, value, true);
    if (map.loaded) map.update(FIRST, bytes);
  }

  #place(name: string): { map: string; offset: number; size: number } {
    for (const { name: map, internal } of this.object.spec.maps) {
      const variable = internal?.variables.find((one) => one.name === name);
      if (variable !== undefined) return { map, offset: variable.offsetBytes, size: variable.sizeBytes };
    }
    throw new Error(`no variable ${name}`);
  }
}
