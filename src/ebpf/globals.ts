import { WasmBpfError } from "../internal/index.ts";
import type { BpfMap } from "./map.ts";

/**
 * The memory of a section of global variables. Before load it is what the variables start with; from load on it is
 * the kernel's own memory, where that can be mapped: what a program writes is seen at once, and the other way round.
 */
export class Globals {
  readonly #map: BpfMap;
  #before: DataView | undefined;
  #live: DataView | undefined;

  /** @param map one with {@link BpfMap.initialValue} */
  constructor(map: BpfMap) {
    this.#map = map;
  }

  /** For reading. Where the section cannot be mapped, the kernel's values of this moment. */
  get view(): DataView {
    if (this.#live !== undefined) return this.#live;
    const map = this.#map;
    if (!map.loaded) return this.#initial();
    if (map.mmapable) {
      this.#live = new DataView(map.mmap());
      return this.#live;
    }
    const value = map.lookup(new Uint8Array(map.keySizeBytes));
    if (value === undefined) throw new WasmBpfError("NOT_FOUND", `Map "${map.name}" has no value`);
    return new DataView(value.buffer, value.byteOffset, value.byteLength);
  }

  /**
   * For writing.
   *
   * @throws {WasmBpfError} code `NOT_SUPPORTED` after load, when the section is read-only or cannot be mapped.
   */
  get writable(): DataView {
    if (this.#map.loaded && !this.#map.mmapable) {
      throw new WasmBpfError(
        "NOT_SUPPORTED",
        `Cannot write the variables of section ${this.#map.name}: they are read-only from load on. Set them before load`,
      );
    }
    return this.view;
  }

  #initial(): DataView {
    const bytes = this.#map.initialValue;
    if (bytes === undefined) {
      throw new WasmBpfError("INVALID_ARGUMENT", `Map "${this.#map.name}" holds no global variables`);
    }
    if (this.#before?.buffer !== bytes.buffer) {
      this.#before = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#before;
  }
}
