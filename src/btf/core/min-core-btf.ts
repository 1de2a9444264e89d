import { BPF_CORE_TYPE_MATCHES } from "../../uapi/bpf.ts";
import type { Btf } from "../btf.ts";
import { BtfBuilder } from "../builder.ts";
import type { BtfExt } from "../ext.ts";
import { mapTypeIds } from "../map-ids.ts";
import { isComposite, type NewBtfType } from "../types.ts";
import { type AccessSpec, parseAccessSpec } from "./access-spec.ts";
import { coreKind } from "./kinds.ts";
import { type CoreCandidateCache, type CoreRelocation, resolve } from "./relocate.ts";

/** What an object file says about its types and relocations. */
export interface CoreSource {
  readonly btf: Btf | undefined;
  readonly btfExt: BtfExt | undefined;
}

/**
 * The part of a kernel's BTF that the CO-RE relocations of some objects need, with the rules of
 * `bpftool gen min_core_btf`: fields that no relocation asks for are left out, and what is only pointed to becomes
 * `void`. Objects loaded with the result are relocated as with the whole.
 *
 * @param kernel BTF of the kernel, not split
 * @returns a BTF blob in the kernel's byte order; what the kernel does not have is not in it either.
 * @throws {WasmBpfError} when a relocation is malformed or ambiguous.
 */
export function minCoreBtf(kernel: Btf, objects: readonly CoreSource[]): Uint8Array {
  const used = new UsedTypes(kernel);
  for (const { btf, btfExt } of objects) {
    if (btf === undefined || btfExt === undefined) continue;
    const candidates: CoreCandidateCache = new Map();
    const scope = { local: btf, targets: [() => kernel], littleEndian: btf.littleEndian };
    for (const infos of btfExt.coreRelocations.values()) {
      for (const { typeId, accessString, kind } of infos) {
        const relocation: CoreRelocation = { instructionIndex: 0, typeId, accessString, kind };
        const local = parseAccessSpec(btf, typeId, accessString, kind);
        const { target } = resolve(scope, relocation, local, candidates);
        if (target !== undefined) used.add(target, kind);
      }
    }
  }
  return used.encode();
}

/** Types of the kernel, and members of its structs, that are needed. */
class UsedTypes {
  readonly #btf: Btf;
  readonly #types = new Set<number>();
  readonly #members = new Map<number, Set<number>>();
  /** Types that were visited through pointers. */
  readonly #followed = new Set<number>();
  /** Types that were visited with all members; negative: behind a pointer. */
  readonly #whole = new Set<number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  add(spec: AccessSpec, kind: number): void {
    const subject = coreKind(kind)?.subject;
    if (subject === "field") this.#addField(spec);
    else if (kind === BPF_CORE_TYPE_MATCHES) this.#addWhole(spec.rootTypeId, false);
    else this.#addType(spec.rootTypeId, subject === "type");
  }

  encode(): Uint8Array {
    const builder = new BtfBuilder({ littleEndian: this.#btf.littleEndian });
    const ids = [...this.#types].sort((a, b) => a - b);
    const newIds = new Map(ids.map((id, i) => [id, i + 1]));
    for (const id of ids) {
      const type = this.#reduced(id);
      if (type !== undefined) builder.add(mapTypeIds(type, (old) => newIds.get(old) ?? 0));
    }
    return builder.toBytes();
  }

  #reduced(id: number): NewBtfType | undefined {
    const type = this.#btf.type(id);
    if (type.kind === "void") return undefined;
    if (!isComposite(type)) return type;
    const members = this.#members.get(id);
    return { ...type, members: type.members.filter((_, index) => members?.has(index)) };
  }

  #addMember(id: number, index: number): void {
    const members = this.#members.get(id) ?? new Set();
    this.#members.set(id, members.add(index));
  }

  /** The types on the way to a field and the members that the way leads through. */
  #addField(spec: AccessSpec): void {
    let id = spec.rootTypeId;
    this.#addType(id, false);
    for (const index of spec.raw.slice(1)) {
      id = this.#btf.resolve(id);
      const type = this.#btf.type(id);
      if (isComposite(type)) {
        this.#addMember(id, index);
        id = type.members[index]?.type ?? 0;
      } else if (type.kind === "array") id = type.elementType;
      else return;
      this.#addType(id, false);
    }
  }

  /** A type and what it is made of; structs without members. */
  #addType(id: number, followPointers: boolean): void {
    if (id === 0 || (this.#types.has(id) && !followPointers) || this.#followed.has(id)) return;
    this.#types.add(id);
    if (followPointers) this.#followed.add(id);
    const type = this.#btf.type(id);
    if (isComposite(type) || (type.kind === "ptr" && !followPointers)) return;
    forEachId(type, (other) => this.#addType(other, followPointers));
  }

  /** A type with all members; structs behind pointers without. */
  #addWhole(id: number, behindPointer: boolean): void {
    const key = behindPointer ? -id : id;
    if (id === 0 || this.#whole.has(key)) return;
    this.#whole.add(key);
    this.#types.add(id);
    const type = this.#btf.type(id);
    if (isComposite(type)) {
      if (behindPointer) return;
      for (const [index, member] of type.members.entries()) {
        this.#addMember(id, index);
        this.#addWhole(member.type, false);
      }
      return;
    }
    const behind =
      type.kind === "ptr" || (behindPointer && type.kind !== "array" && type.kind !== "func_proto");
    forEachId(type, (other) => this.#addWhole(other, behind));
  }
}

function forEachId(type: NewBtfType | { readonly kind: "void" }, visit: (id: number) => void): void {
  if (type.kind === "void") return;
  mapTypeIds(type, (id) => {
    visit(id);
    return id;
  });
}
