import type { Btf } from "../../src/btf/index.ts";
import type { BpfMap, BpfObject, BpfProgram } from "../../src/ebpf/index.ts";
import { GuestMap } from "../../src/host/abi-v2/guest-map.ts";
import { GuestObject } from "../../src/host/abi-v2/guest-object.ts";
import { type AbiV2Context, abiV2Imports, Forks, HandleTable } from "../../src/host/abi-v2/index.ts";
import { KernelDescriptor } from "../../src/host/abi-v2/kernel-descriptor.ts";
import { GuestLog } from "../../src/host/abi-v2/log.ts";
import { engine, type WasmMemory } from "../../src/host/engine.ts";
import type { HostImports } from "../../src/host/host-import.ts";
import { type InterruptSource, Interrupts, noInterrupts } from "../../src/host/interrupts.ts";
import { GuestMemory } from "../../src/host/memory.ts";
import type { Permissions } from "../../src/host/options.ts";
import { Descriptor, FdTable, FILETYPE_UNKNOWN } from "../../src/host/wasi/index.ts";
import { getSys } from "../../src/sys/index.ts";

const MEMORY_PAGES = 64;
/** Where {@link AbiGuest.alloc} starts. */
const FIRST_ADDRESS = 4096;

interface GrowingMemory extends WasmMemory {
  grow(wasmPages: number): number;
}

/** The imports of version 2 with a memory, called as a guest calls them: what the host does, without compiling one. */
export class AbiGuest {
  readonly context: AbiV2Context;
  readonly imports: HostImports;
  /** Lines of libbpf so far, of level warning and info. */
  lines = "";
  readonly #memory: GrowingMemory;
  #end = FIRST_ADDRESS;

  constructor(
    options: { interrupts?: InterruptSource; permissions?: Permissions; kernelBtf?: () => Btf } = {},
  ) {
    const sys = getSys();
    const memory = new GuestMemory();
    this.#memory = new (engine.Memory as new (size: object) => GrowingMemory)({ initial: MEMORY_PAGES });
    memory.bind(this.#memory);
    const fds = new FdTable();
    const handles = new HandleTable();
    this.context = {
      sys,
      memory,
      interrupts: new Interrupts(sys, options.interrupts ?? noInterrupts),
      fds,
      handles,
      forks: new Forks(memory, fds, handles),
      log: new GuestLog((bytes) => {
        this.lines += new TextDecoder().decode(bytes);
      }, memory),
      permissions: options.permissions ?? {},
      kernelBtf: options.kernelBtf,
      print: (text) => {
        this.lines += `${text}\n`;
      },
      report: () => {},
    };
    // Standard streams: 0 is no descriptor of the kernel.
    for (let fd = 0; fd < 3; fd++) this.context.fds.add(new Descriptor(FILETYPE_UNKNOWN, 0n, 0n));
    this.imports = abiV2Imports(this.context);
  }

  /** Calls an import. */
  call(name: string, ...parameters: number[]): number {
    const found = this.imports[name];
    if (found === undefined) throw new Error(`no import ${name}`);
    return found.call(...parameters) as number;
  }

  /** Makes the memory larger, as the guest's code does. */
  grow(wasmPages: number): void {
    this.#memory.grow(wasmPages);
  }

  /** Room in the guest's memory, zeroed, at a multiple of 16. */
  alloc(sizeBytes: number): number {
    const at = this.#end;
    this.#end = (at + sizeBytes + 15) & ~15;
    if (this.#end > MEMORY_PAGES * 65536) throw new Error("the guest's memory is full");
    this.context.memory.range(at, sizeBytes)?.fill(0);
    return at;
  }

  /** Puts bytes into the guest's memory. */
  put(bytes: Uint8Array): number {
    const at = this.alloc(bytes.length);
    this.context.memory.write(at, bytes);
    return at;
  }

  text(text: string): number {
    return this.put(new TextEncoder().encode(`${text}\0`));
  }

  /** A request block: its size and u32 fields by offset. */
  block(sizeBytes: number, fields: Readonly<Record<number, number | bigint>> = {}): number {
    const at = this.alloc(sizeBytes);
    this.context.memory.setU32(at, sizeBytes);
    for (const [offset, value] of Object.entries(fields)) {
      if (typeof value === "bigint") this.context.memory.setU64(at + Number(offset), value);
      else this.context.memory.setU32(at + Number(offset), value);
    }
    return at;
  }

  /** View of guest memory, valid until it grows. */
  view(at: number, sizeBytes: number): DataView {
    const range = this.context.memory.range(at, sizeBytes);
    if (range === undefined) throw new Error("outside the guest's memory");
    return new DataView(range.buffer, range.byteOffset, range.length);
  }

  /** Text of `sizeBytes` bytes. */
  string(at: number, sizeBytes: number): string {
    return new TextDecoder().decode(this.context.memory.range(at, sizeBytes));
  }

  /** A handle for an object, which is closed with the guest. */
  object(object: BpfObject): number {
    return this.context.handles.add(new GuestObject(this.context, object, object.spec.name ?? ""));
  }

  /** A descriptor of the guest for a map, as `map_fd` gives. */
  mapFd(map: BpfMap): number {
    const { sys, interrupts, fds } = this.context;
    const object = new GuestMap(map.fd, map);
    const onClose = (): void => {};
    return fds.add(new KernelDescriptor({ sys, interrupts, kind: "map", hostFd: map.fd, object, onClose }));
  }

  /** A descriptor of the guest for a program, as `program_fd` gives. */
  programFd(program: BpfProgram): number {
    const { sys, interrupts, fds } = this.context;
    const onClose = (): void => {};
    return fds.add(
      new KernelDescriptor({
        sys,
        interrupts,
        kind: "program",
        hostFd: program.fd,
        object: program,
        onClose,
      }),
    );
  }

  /** Closes everything that is open. */
  close(): void {
    this.context.forks.endAll();
    this.context.handles.closeAll();
    this.context.fds.closeAll();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
