import { BTF_KIND_STRUCT, type Btf, type BtfMember, essentialName } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { kernelBtf, type ModuleBtf, type ModuleBtfs } from "../kernel/index.ts";
import type { StructOps } from "../object/index.ts";
import { BPF_PROG_TYPE_STRUCT_OPS } from "../uapi/bpf.ts";
import type { AttachBtf } from "./attach-target.ts";
import type { KernelValueType } from "./create-map.ts";
import { findOwn } from "./ksyms.ts";
import type { LoadObserver, StructOpsMember } from "./load-observer.ts";
import type { BpfMap } from "./map.ts";
import { StructOpsError } from "./missing-error.ts";
import type { BpfProgram } from "./program.ts";

/** A struct_ops map as this kernel lays it out (libbpf 1.8, bpf_map__init_kern_struct_ops). */
export interface StructOpsLayout {
  readonly valueType: KernelValueType;
  /** The whole value of the map; function pointers are still zero. */
  readonly value: Uint8Array;
  readonly callbacks: readonly StructOpsCallback[];
  /** Programs for members that this kernel's struct has not got. */
  readonly superfluous: readonly string[];
  /** What its programs are loaded for. */
  readonly attach: AttachBtf;
}

/** A function pointer in the value. */
export interface StructOpsCallback {
  readonly program: string;
  readonly offsetBytes: number;
  /** Index of the member in the kernel's struct: the program's attach type. */
  readonly memberIndex: number;
}

/** Is told about one map's layout. */
interface StructOpsObserver {
  found?(typeId: number, valueTypeId: number): void;
  member?(member: StructOpsMember): void;
}

/**
 * Lays the struct of a struct_ops map out as the kernel has it: members are found by name, those that the kernel
 * lacks have to be zero or functions.
 *
 * @param contents initial content of the object's struct
 * @param programs by the offset of the member that points to them
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when the kernel's struct cannot hold what the object's does.
 */
export function layOutStructOps(
  map: string,
  local: Btf,
  structOps: StructOps,
  contents: Uint8Array,
  programs: ReadonlyMap<number, string>,
  modules: ModuleBtfs,
  observe: StructOpsObserver = {},
): StructOpsLayout {
  const name = essentialName(structOps.typeName);
  const fail = (
    problem: StructOpsError["problem"],
    reason: string,
    member?: BtfMember,
    sizes: readonly number[] = [],
  ): never => {
    const about = { map, typeName: name, problem, sizes };
    throw new StructOpsError(member === undefined ? about : { ...about, member: member.name }, reason);
  };
  const { btf, valueTypeId, module } =
    findValueType(`bpf_struct_ops_${name}`, modules) ??
    fail("no type", `this kernel has no struct_ops type "${name}" in its BTF`);
  const typeId = btf.find(name, BTF_KIND_STRUCT);
  const valueMembers = membersOf(btf, valueTypeId);
  const data = valueMembers.find(({ type }) => btf.skipModifiers(type) === typeId);
  if (typeId === undefined || data === undefined) {
    return fail(
      "no data",
      `struct bpf_struct_ops_${name} of this kernel has no member of type struct ${name}`,
    );
  }
  observe.found?.(typeId, valueTypeId);
  const dataOffset = data.offsetBits / 8;
  const value = new Uint8Array(btf.sizeOf(valueTypeId));
  const callbacks: StructOpsCallback[] = [];
  const superfluous: string[] = [];
  const kernelMembers = membersOf(btf, typeId);
  for (const member of membersOf(local, structOps.typeId)) {
    const offset = Math.floor(member.offsetBits / 8);
    const size = local.sizeOf(member.type);
    const program = programs.get(offset);
    const place = { name: member.name, offsetBytes: offset, sizeBytes: size };
    const memberIndex = kernelMembers.findIndex((candidate) => candidate.name === member.name);
    const target = kernelMembers[memberIndex];
    if (target === undefined) {
      if (contents.subarray(offset, offset + size).some((byte) => byte !== 0)) {
        fail(
          "no member",
          `struct ${name} of this kernel has no member "${member.name}", which is set`,
          member,
        );
      }
      if (program !== undefined) superfluous.push(program);
      observe.member?.({ ...place, kernelOffsetBytes: undefined, program });
      continue;
    }
    if (member.bitfieldBits !== 0 || target.bitfieldBits !== 0) {
      fail("bitfield", `member "${member.name}" of struct ${name} is a bitfield`, member);
    }
    const kinds = [local.kind(local.resolve(member.type)), btf.kind(btf.resolve(target.type))];
    if (kinds[0] !== kinds[1]) {
      fail(
        "kind",
        `member "${member.name}" of struct ${name} is ${kinds[1]} in this kernel, ${kinds[0]} in the object`,
        member,
        [local.kindNumber(local.resolve(member.type)), btf.kindNumber(btf.resolve(target.type))],
      );
    }
    const kernelOffsetBytes = target.offsetBits / 8;
    const at = dataOffset + kernelOffsetBytes;
    if (kinds[0] === "ptr") {
      if (program === undefined) continue;
      const pointer = btf.type(btf.resolve(target.type));
      if (pointer.kind !== "ptr" || btf.kind(btf.resolve(pointer.type)) !== "func_proto") {
        fail(
          "no function",
          `member "${member.name}" of struct ${name} is no function pointer in this kernel`,
          member,
        );
      }
      callbacks.push({ program, offsetBytes: at, memberIndex });
      observe.member?.({ ...place, kernelOffsetBytes, program });
      continue;
    }
    const kernelSize = btf.sizeOf(target.type);
    if (kernelSize !== size) {
      fail(
        "size",
        `member "${member.name}" of struct ${name} has ${kernelSize} bytes in this kernel, ${size} in the object`,
        member,
        [size, kernelSize],
      );
    }
    value.set(contents.subarray(offset, offset + size), at);
    observe.member?.({ ...place, kernelOffsetBytes, program: undefined });
  }
  const btfFd = module?.fd ?? 0;
  return {
    valueType: { typeId: valueTypeId, btfFd },
    value,
    callbacks,
    superfluous,
    attach: { typeId, fd: btfFd },
  };
}

function membersOf(btf: Btf, id: number): readonly BtfMember[] {
  const type = btf.type(id);
  return type.kind === "struct" ? type.members : [];
}

function findValueType(
  name: string,
  modules: ModuleBtfs,
): { btf: Btf; valueTypeId: number; module: ModuleBtf | undefined } | undefined {
  const btf = kernelBtf();
  const id = btf.find(name, BTF_KIND_STRUCT);
  if (id !== undefined) return { btf, valueTypeId: id, module: undefined };
  for (const module of modules.all()) {
    const own = findOwn(module.btf, name, BTF_KIND_STRUCT);
    if (own !== undefined) return { btf: module.btf, valueTypeId: own, module };
  }
  return undefined;
}

/**
 * Prepares the struct_ops maps that are to be created and their programs: which are loaded, and for what.
 *
 * @returns what the programs are loaded for
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when this kernel cannot have one of the maps,
 *   `INVALID_ARGUMENT` when a program is used for two different members.
 */
export function prepareStructOps(
  maps: ReadonlyMap<string, BpfMap>,
  programs: ReadonlyMap<string, BpfProgram>,
  btf: Btf | undefined,
  modules: ModuleBtfs,
  observer: LoadObserver = {},
): Map<BpfProgram, AttachBtf> {
  const attach = new Map<BpfProgram, AttachBtf>();
  const wanted = new Map<string, boolean>();
  for (const map of maps.values()) {
    const { structOps } = map.spec;
    const contents = map.initialValue;
    if (structOps === undefined || contents === undefined || btf === undefined) continue;
    if (!map.autocreate) {
      for (const program of map.structOpsPrograms.values()) wanted.set(program, wanted.get(program) ?? false);
      continue;
    }
    const layout = layOutStructOps(map.name, btf, structOps, contents, map.structOpsPrograms, modules, {
      found: (typeId, valueTypeId) => observer.structOpsFound?.(map, typeId, valueTypeId),
      member: (member) => observer.structOpsMember?.(map, member),
    });
    map.takeStructOps(layout);
    for (const name of layout.superfluous) wanted.set(name, wanted.get(name) ?? false);
    for (const { program: name, memberIndex } of layout.callbacks) {
      wanted.set(name, true);
      const program = programs.get(name);
      if (program === undefined) continue;
      const before = attach.get(program);
      const same = before?.typeId === layout.attach.typeId && program.expectedAttachType === memberIndex;
      if (program.type !== BPF_PROG_TYPE_STRUCT_OPS || (before !== undefined && !same)) {
        throw new WasmBpfError(
          "INVALID_ARGUMENT",
          `Struct_ops map "${map.name}" uses program "${name}", which ${before === undefined ? "is of another kind" : "another member uses too"}`,
        );
      }
      program.expectedAttachType = memberIndex;
      attach.set(program, layout.attach);
    }
  }
  for (const [name, use] of wanted) {
    const program = programs.get(name);
    if (program !== undefined) program.autoload = use;
  }
  return attach;
}
