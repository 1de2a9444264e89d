import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import { type BtfArray, type BtfComposite, isComposite, isEnum } from "../types.ts";
import { coreKind } from "./kinds.ts";

/** Deepest nesting of members and array elements in an access. */
export const MAX_SPEC_LENGTH = 64;

/** One step of an access that has a meaning in the source: a named member, or an element of an array. */
export interface Accessor {
  /** Type that has the member, or type of the array's element; qualifiers and typedefs are taken off. */
  readonly typeId: number;
  /** Index of the member, element or enumerator. */
  readonly index: number;
  /** Name of the member or enumerator; `undefined` for an array element. */
  readonly name: string | undefined;
}

/** An access to a field as the compiler recorded it, or the same access in the target's types. */
export interface AccessSpec {
  readonly btf: Btf;
  readonly rootTypeId: number;
  readonly accessors: Accessor[];
  /** Every step, those through anonymous members included: the numbers of `0:1:2`. */
  readonly raw: number[];
  bitOffset: number;
}

/**
 * Reads an access string such as `0:1:2` in terms of the program's own types.
 *
 * @throws {MalformedInputError} when it does not fit the types.
 */
export function parseAccessSpec(btf: Btf, typeId: number, accessString: string, kind: number): AccessSpec {
  const spec: AccessSpec = { btf, rootTypeId: typeId, accessors: [], raw: [], bitOffset: 0 };
  const subject = coreKind(kind)?.subject;
  const fail = (reason: string): never => {
    throw new MalformedInputError(`access "${accessString}" to ${describeType(btf, typeId)}: ${reason}`);
  };
  if (subject === "type") {
    if (accessString !== "0") fail("a type has no parts here");
    return spec;
  }
  if (!/^\d{1,10}(:\d{1,10})*$/.test(accessString)) fail("not a list of numbers");
  const raw = accessString.split(":").map(Number);
  if (raw.length > MAX_SPEC_LENGTH) fail(`more than ${MAX_SPEC_LENGTH} steps`);
  if (raw.some((index) => index > 0x7fffffff)) fail("index too large");
  spec.raw.push(...raw);

  let id = btf.resolve(typeId);
  const first = raw[0] as number;
  if (subject === "enumerator") {
    const type = btf.type(id);
    const value = isEnum(type) ? type.values[first] : undefined;
    if (value === undefined || raw.length > 1) return fail("not an enumerator");
    spec.accessors.push({ typeId: id, index: first, name: value.name });
    return spec;
  }

  spec.accessors.push({ typeId: id, index: first, name: undefined });
  spec.bitOffset = first * btf.sizeOf(id) * 8;
  for (const index of raw.slice(1)) {
    id = btf.resolve(id);
    const type = btf.type(id);
    if (isComposite(type)) {
      const member = type.members[index];
      if (member === undefined) return fail(`${describeType(btf, id)} has no member ${index}`);
      spec.bitOffset += member.offsetBits;
      if (member.name !== "") spec.accessors.push({ typeId: id, index, name: member.name });
      id = member.type;
    } else if (type.kind === "array") {
      const flexible = isFlexibleArray(btf, spec.accessors.at(-1), type);
      if (!flexible && index >= type.length) fail(`element ${index} of an array of ${type.length}`);
      id = btf.resolve(type.elementType);
      spec.accessors.push({ typeId: id, index, name: undefined });
      spec.bitOffset += index * btf.sizeOf(id) * 8;
    } else {
      fail(`${describeType(btf, id)} has no parts`);
    }
  }
  return spec;
}

/** An array of length 0 that is the last member of its struct has any number of elements. */
export function isFlexibleArray(btf: Btf, member: Accessor | undefined, array: BtfArray): boolean {
  if (member?.name === undefined || array.length > 0) return false;
  const owner = btf.type(member.typeId) as BtfComposite;
  return member.index === owner.members.length - 1;
}

/** For example `struct task_struct`, `const`, `enum <anonymous>`. */
export function describeType(btf: Btf, id: number): string {
  const name = btf.name(id);
  const kind = btf.kind(id);
  if (name !== "") return kind === "int" || kind === "float" ? name : `${kind} ${name}`;
  return kind === "struct" || kind === "union" || kind === "enum" || kind === "enum64"
    ? `${kind} <anonymous>`
    : kind;
}

/** An access in the notation of C, for example `struct task_struct::comm[3] (0:95:3)`. */
export function describeAccess(spec: AccessSpec): string {
  let text = describeType(spec.btf, spec.rootTypeId);
  if (spec.accessors.length === 0) return text;
  let separator = "::";
  for (const [i, accessor] of spec.accessors.entries()) {
    if (accessor.name !== undefined) text += `${separator}${accessor.name}`;
    else if (i > 0 || accessor.index > 0) text += `[${accessor.index}]`;
    if (accessor.name !== undefined) separator = ".";
  }
  return `${text} (${spec.raw.join(":")})`;
}
