import { BpfObject } from "../../src/ebpf/index.ts";
import { WasmBpfError } from "../../src/internal/index.ts";
import { objectInfo } from "../../src/kernel/index.ts";
import { loadableBtf } from "../../src/object/index.ts";
import { BpfAttr, getSys } from "../../src/sys/index.ts";

/** What the kernel says about a map; the names are those that `native/loader.c` prints. */
export interface KernelMap {
  readonly name: string;
  readonly id: number;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly extra: number;
  readonly keyType: number;
  readonly valueType: number;
  readonly vmlinuxValueType: number;
}

/** What the kernel says about a program. */
export interface KernelProgram {
  readonly name: string;
  readonly type: number;
  readonly tag: string;
  readonly attachBtfId: number;
  readonly functions: number;
  readonly lines: number;
  /** After the verifier rewrote them, in hex digits; maps appear as their ids. */
  readonly instructions: string;
}

/** An object after a load, or why it was refused. */
export type KernelView =
  | {
      readonly maps: readonly KernelMap[];
      readonly programs: readonly KernelProgram[];
      /** BTF of the object as the kernel got it, in hex digits. */
      readonly btf: string;
    }
  | { readonly failed: string; readonly message: string };

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Loads an object with this project's loader and asks the kernel about it. */
export function loadHere(bytes: Uint8Array, name: string, pinRoot: string): KernelView {
  let failed = "open";
  try {
    using object = BpfObject.open(bytes, { name, pinRoot });
    failed = "load";
    object.load();
    return {
      maps: [...object.maps.values()].filter(({ loaded }) => loaded).map(({ fd }) => kernelMap(fd)),
      programs: [...object.programs.values()]
        .filter(({ loaded }) => loaded)
        .map((program) => kernelProgram(program.name, program.fd)),
      btf: hex(loadableBtf(object.spec)?.raw ?? new Uint8Array(0)),
    };
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    return { failed, message: error.message };
  }
}

function answer(result: number): void {
  if (result < 0) throw new Error(`bpf(BPF_OBJ_GET_INFO_BY_FD) failed with ${result}`);
}

function kernelMap(fd: number): KernelMap {
  const info = new BpfAttr(88);
  answer(objectInfo(fd, info));
  return {
    name: new TextDecoder().decode(info.bytes.subarray(24, 40)).replace(/\0.*$/, ""),
    id: info.u32At(4),
    type: info.u32At(0),
    keySize: info.u32At(8),
    valueSize: info.u32At(12),
    maxEntries: info.u32At(16),
    flags: info.u32At(20),
    extra: Number(info.u64At(80)),
    keyType: info.u32At(68),
    valueType: info.u32At(72),
    vmlinuxValueType: info.u32At(44),
  };
}

function kernelProgram(name: string, fd: number): KernelProgram {
  const instructions = new Uint8Array(1 << 20);
  const info = new BpfAttr(232).u32(20, instructions.length).u64(32, getSys().addressOf(instructions));
  answer(objectInfo(fd, info));
  return {
    name,
    type: info.u32At(0),
    tag: hex(info.bytes.subarray(8, 16)),
    attachBtfId: info.u32At(224),
    functions: info.u32At(144),
    lines: info.u32At(148),
    instructions: hex(instructions.subarray(0, info.u32At(20))),
  };
}

/** Something that the two loaders do not agree on. */
export interface Difference {
  /** For example `map hash: flags`. */
  readonly what: string;
  readonly libbpf: string;
  readonly ours: string;
}

/** Everything that differs in what the kernel says. */
export function differences(libbpf: KernelView, ours: KernelView): Difference[] {
  if ("failed" in libbpf || "failed" in ours) {
    const verdict = (view: KernelView): string =>
      "failed" in view ? `refused: ${view.message.split("\n")[0]}` : "loaded";
    if ("failed" in libbpf && "failed" in ours) return [];
    return [{ what: "verdict", libbpf: verdict(libbpf), ours: verdict(ours) }];
  }
  const found: Difference[] = [];
  const compare = (what: string, a: unknown, b: unknown): void => {
    if (a !== b) found.push({ what, libbpf: String(a), ours: String(b) });
  };
  const names = (list: readonly { name: string }[]): string => list.map(({ name }) => name).join(" ");
  compare("maps", names(libbpf.maps), names(ours.maps));
  compare("programs", names(libbpf.programs), names(ours.programs));
  compare("btf", libbpf.btf, ours.btf);
  for (const map of libbpf.maps) {
    const own = ours.maps.find(({ name }) => name === map.name);
    for (const [field, value] of Object.entries(map)) {
      if (field === "id" || own === undefined) continue;
      compare(`map ${map.name}: ${field}`, value, own[field as keyof KernelMap]);
    }
  }
  for (const program of libbpf.programs) {
    const own = ours.programs.find(({ name }) => name === program.name);
    if (own === undefined) continue;
    for (const [field, value] of Object.entries({ ...program, instructions: "" })) {
      compare(`program ${program.name}: ${field}`, value, { ...own, instructions: "" }[field]);
    }
    const [a, b] = [mapNames(program, libbpf.maps), mapNames(own, ours.maps)];
    compare(`program ${program.name}: number of instructions`, a.length, b.length);
    const first = a.findIndex((instruction, index) => instruction !== b[index]);
    if (first >= 0) compare(`program ${program.name}: instruction ${first}`, a[first], b[first]);
  }
  return found;
}

/** Instructions, with names in place of the ids of maps. */
function mapNames({ instructions }: KernelProgram, maps: readonly KernelMap[]): string[] {
  return (instructions.match(/.{16}/g) ?? []).map((instruction) => {
    // A 64-bit load whose source register says that it is a map, or a value in one.
    if (!/^18[12]/.test(instruction)) return instruction;
    const id = Number.parseInt(instruction.slice(8).match(/../g)?.reverse().join("") ?? "", 16);
    const name = maps.find((map) => map.id === id)?.name;
    return name === undefined ? instruction : instruction.slice(0, 8) + name;
  });
}
