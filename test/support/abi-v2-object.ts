import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { getSys } from "../../src/sys/index.ts";
import { AbiGuest } from "./abi-v2.ts";

/** One program or map of an object's description. */
export interface Described {
  readonly index: number;
  readonly name: string;
  /** u32 of the record at this offset. */
  field(offset: number): number;
  /** String whose offset is in the field at `offset`. */
  text(offset: number): string;
}

/** An object that a guest has opened through `object_open`. */
export class GuestObjectFixture {
  readonly guest: AbiGuest;
  readonly handle: number;
  programs: readonly Described[] = [];
  maps: readonly Described[] = [];
  #description: DataView = new DataView(new ArrayBuffer(0));

  /** @param fields of the request block beside the data, by offset */
  constructor(
    context: Pick<TestContext, "after">,
    bytes: Uint8Array,
    fields: Readonly<Record<number, number>> = {},
    guest: AbiGuest = new AbiGuest(),
  ) {
    this.guest = guest;
    context.after(() => guest.close());
    this.handle = guest.call(
      "object_open",
      guest.block(48, { 4: guest.put(bytes), 8: bytes.length, 16: guest.text("test"), ...fields }),
    );
    assert.ok(this.handle > 0, `object_open: ${this.handle}`);
    this.describe();
  }

  describe(): void {
    const { guest, handle } = this;
    const size = guest.call("object_describe", handle, 0, 0);
    const at = guest.alloc(size);
    assert.equal(guest.call("object_describe", handle, at, size), size);
    this.#description = new DataView(guest.context.memory.copy(at, size)?.buffer ?? new ArrayBuffer(0));
    this.programs = this.#records(4, 8, 12);
    this.maps = this.#records(16, 20, 24);
  }

  header(offset: number): number {
    return this.#description.getUint32(offset, true);
  }

  text(offset: number): string {
    if (offset === 0) return "";
    const bytes = new Uint8Array(this.#description.buffer).subarray(offset);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  map(name: string): number {
    return this.#index(this.maps, name);
  }

  program(name: string): number {
    return this.#index(this.programs, name);
  }

  load(): void {
    const result = this.guest.call("object_load", this.handle);
    assert.equal(result, 0, this.guest.lines);
  }

  mapFd(name: string): number {
    return this.#fd("map_fd", this.map(name));
  }

  programFd(name: string): number {
    return this.#fd("program_fd", this.program(name));
  }

  /** Runs a program once on a packet of 64 bytes. @returns what it returned */
  run(name: string): number {
    const { guest } = this;
    const request = guest.block(64, { 4: guest.alloc(64), 8: 64 });
    const result = guest.call("program_test_run", this.programFd(name), request);
    assert.equal(result, 0, `program_test_run: ${result}`);
    return guest.view(request, 64).getUint32(36, true);
  }

  #fd(call: string, index: number): number {
    const fd = this.guest.call(call, this.handle, index);
    assert.ok(fd >= 0, `${call}: ${fd}`);
    return fd;
  }

  #index(records: readonly Described[], name: string): number {
    const found = records.find((record) => record.name === name);
    assert.ok(found, `no ${name}`);
    return found.index;
  }

  #records(countAt: number, sizeAt: number, placeAt: number): Described[] {
    const [count, size, place] = [this.header(countAt), this.header(sizeAt), this.header(placeAt)];
    return Array.from({ length: count }, (_, index) => {
      const field = (offset: number): number => this.header(place + index * size + offset);
      return {
        index,
        name: this.text(field(0)),
        field,
        text: (offset: number) => this.text(field(offset)),
      };
    });
  }
}

/** Room in guest memory for whole pages, at the start of one. */
export function pages(guest: AbiGuest, sizeBytes: number): number {
  const { pageSize } = getSys();
  const at = guest.alloc(Math.ceil(sizeBytes / pageSize) * pageSize + pageSize);
  return Math.ceil(at / pageSize) * pageSize;
}
