import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { type BpfMap, BpfObject } from "../../../src/ebpf/index.ts";
import { attachProgram, type Link } from "../../../src/link/index.ts";

const OBJECTS = `/project/build/vm/${process.arch}/bpf`;
const FIRST = new Uint8Array(4);

/** One program of an object, loaded alone, with the object's global variables; closed when the test ends. */
export class LoadedProgram {
  readonly #object: BpfObject;
  readonly #program: string;

  constructor(test: TestContext, file: string, program: string) {
    this.#object = BpfObject.open(readFileSync(`${OBJECTS}/${file}.bpf.o`), { name: file });
    this.#program = program;
    for (const each of this.#object.programs.values()) each.autoload = each.name === program;
    test.after(() => this.#object.close());
    this.#object.load();
  }

  attach(target?: string): Link {
    return this.#object.adopt(attachProgram(this.#object.program(this.#program), target));
  }

  /** Runs it once on a packet. @returns what it returned */
  run(): number {
    return this.#object.program(this.#program).testRun({ data: new Uint8Array(64) }).returnValue;
  }

  /** The bytes of a global variable as they are now. */
  bytes(variable: string): DataView {
    const { map, offsetBytes, sizeBytes } = this.#find(variable);
    const value = map.lookup(FIRST);
    if (value === undefined) throw new Error(`map ${map.name} has no value`);
    return new DataView(value.buffer, value.byteOffset + offsetBytes, sizeBytes);
  }

  setUint32(variable: string, number: number): void {
    const { map, offsetBytes } = this.#find(variable);
    const value = map.lookup(FIRST);
    if (value === undefined) throw new Error(`map ${map.name} has no value`);
    new DataView(value.buffer, value.byteOffset).setUint32(offsetBytes, number, true);
    map.update(FIRST, value);
  }

  uint64(variable: string): number {
    return Number(this.bytes(variable).getBigUint64(0, true));
  }

  int64(variable: string): number {
    return Number(this.bytes(variable).getBigInt64(0, true));
  }

  /** A variable of the type `struct seen` in hooks.bpf.c. */
  seen(variable: string): { count: number; value: number; name: string } {
    const view = this.bytes(variable);
    const name = new Uint8Array(view.buffer, view.byteOffset + 16, 32);
    return {
      count: Number(view.getBigUint64(0, true)),
      value: Number(view.getBigInt64(8, true)),
      name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    };
  }

  #find(variable: string): { map: BpfMap; offsetBytes: number; sizeBytes: number } {
    for (const map of this.#object.maps.values()) {
      const found = map.spec.internal?.variables.find(({ name }) => name === variable);
      if (found) return { map, offsetBytes: found.offsetBytes, sizeBytes: found.sizeBytes };
    }
    throw new Error(`no global variable ${variable}`);
  }
}
