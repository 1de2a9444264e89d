import { WasmBpfError } from "../../internal/index.ts";
import {
  BPF_CORE_ENUMVAL_EXISTS,
  BPF_CORE_ENUMVAL_VALUE,
  BPF_CORE_FIELD_BYTE_OFFSET,
  BPF_CORE_FIELD_BYTE_SIZE,
  BPF_CORE_FIELD_EXISTS,
  BPF_CORE_FIELD_LSHIFT_U64,
  BPF_CORE_FIELD_RSHIFT_U64,
  BPF_CORE_FIELD_SIGNED,
  BPF_CORE_TYPE_EXISTS,
  BPF_CORE_TYPE_ID_TARGET,
  BPF_CORE_TYPE_MATCHES,
  BPF_CORE_TYPE_SIZE,
} from "../../uapi/bpf.ts";
import type { Btf } from "../btf.ts";
import { type BtfComposite, type BtfEnum, isEnum } from "../types.ts";
import { type AccessSpec, describeAccess } from "./access-spec.ts";

/** What a relocation writes into its instruction. */
export interface CoreResult {
  /** Value that the compiler put there. */
  readonly original: bigint;
  /** Value for the target; `undefined`: the target does not have it, the instruction is made invalid. */
  readonly replacement: bigint | undefined;
  /** Whether the instruction must hold the original value; compilers differ about bitfields. */
  readonly validate: boolean;
  /** Bytes that a load or store of the field moves, where that may have to change. */
  readonly originalBytes: number;
  readonly replacementBytes: number;
  /** Whether a load or store may be changed to another size without changing the value that is read. */
  readonly resizable: boolean;
}

/** What one side, local or target, says. */
interface Side {
  readonly value: bigint;
  readonly validate: boolean;
  /** Size of the field, for its byte offset only. */
  readonly accessBytes: number;
  readonly typeId: number;
}

const ABSENT_IS_ZERO: readonly number[] = [
  BPF_CORE_FIELD_EXISTS,
  BPF_CORE_TYPE_EXISTS,
  BPF_CORE_TYPE_MATCHES,
  BPF_CORE_TYPE_SIZE,
  BPF_CORE_TYPE_ID_TARGET,
  BPF_CORE_ENUMVAL_EXISTS,
];

/** Values of a relocation for the program's own types and for the target's, where `target` is what was found there. */
export function coreResult(
  kind: number,
  local: AccessSpec,
  target: AccessSpec | undefined,
  littleEndian: boolean,
): CoreResult {
  const from = sideOf(kind, local, littleEndian);
  if (target === undefined) {
    return {
      original: from.value,
      replacement: ABSENT_IS_ZERO.includes(kind) ? 0n : undefined,
      validate: from.validate,
      originalBytes: from.accessBytes,
      replacementBytes: from.accessBytes,
      resizable: true,
    };
  }
  const to = sideOf(kind, target, littleEndian);
  const replacement = kind === BPF_CORE_ENUMVAL_VALUE ? sameSign(local, target, to.value) : to.value;
  return {
    original: from.value,
    replacement,
    validate: from.validate,
    originalBytes: from.accessBytes,
    replacementBytes: to.accessBytes,
    resizable:
      from.accessBytes === to.accessBytes || isResizable(local.btf, from.typeId, target.btf, to.typeId),
  };
}

function sideOf(kind: number, spec: AccessSpec, littleEndian: boolean): Side {
  const plain = (value: bigint | number, validate = true): Side => ({
    value: BigInt(value),
    validate,
    accessBytes: 0,
    typeId: 0,
  });
  switch (kind) {
    case BPF_CORE_FIELD_EXISTS:
    case BPF_CORE_TYPE_EXISTS:
    case BPF_CORE_TYPE_MATCHES:
    case BPF_CORE_ENUMVAL_EXISTS:
      return plain(1);
    case BPF_CORE_TYPE_ID_TARGET:
      // Linkers renumber types without touching the instruction.
      return plain(spec.rootTypeId, false);
    case BPF_CORE_TYPE_SIZE:
      return plain(spec.btf.sizeOf(spec.rootTypeId));
    case BPF_CORE_ENUMVAL_VALUE: {
      const accessor = spec.accessors[0];
      const type = spec.btf.type(accessor?.typeId ?? 0) as BtfEnum;
      return plain(type.values[accessor?.index ?? 0]?.value ?? 0n);
    }
    default:
      return fieldSide(kind, spec, littleEndian);
  }
}

function fieldSide(kind: number, spec: AccessSpec, littleEndian: boolean): Side {
  const { btf } = spec;
  const last = spec.accessors[spec.accessors.length - 1];
  if (last === undefined) throw unanswerable(spec, "there is no field");
  if (last.name === undefined) {
    if (kind === BPF_CORE_FIELD_BYTE_OFFSET) {
      return access(btf, Math.floor(spec.bitOffset / 8), last.typeId);
    }
    if (kind !== BPF_CORE_FIELD_BYTE_SIZE) throw unanswerable(spec, "an array element has no such property");
    return { value: BigInt(btf.sizeOf(last.typeId)), validate: true, accessBytes: 0, typeId: 0 };
  }

  const owner = btf.type(last.typeId) as BtfComposite;
  const member = owner.members[last.index];
  if (member === undefined) throw unanswerable(spec, "there is no such member");
  const typeId = btf.resolve(member.type);
  const bitfield = member.bitfieldBits > 0;
  let bytes = btf.sizeOf(typeId);
  let offset = Math.floor(spec.bitOffset / 8);
  let bits = bytes * 8;
  if (bitfield) {
    bits = member.bitfieldBits;
    const storage = smallestLoad(spec, bytes, bits);
    bytes = storage.bytes;
    offset = storage.offset;
  }
  const side = (value: number, validate: boolean): Side => ({
    value: BigInt.asUintN(64, BigInt(value)),
    validate,
    accessBytes: 0,
    typeId: 0,
  });
  switch (kind) {
    case BPF_CORE_FIELD_BYTE_OFFSET:
      return bitfield ? side(offset, false) : access(btf, offset, typeId);
    case BPF_CORE_FIELD_BYTE_SIZE:
      return side(bytes, !bitfield);
    case BPF_CORE_FIELD_SIGNED: {
      const type = btf.type(typeId);
      const signed = (type.kind === "int" || isEnum(type)) && type.signed;
      return side(signed ? 1 : 0, true);
    }
    case BPF_CORE_FIELD_LSHIFT_U64: {
      const shift = littleEndian
        ? 64 - (spec.bitOffset + bits - offset * 8)
        : (8 - bytes) * 8 + (spec.bitOffset - offset * 8);
      return side(shift, !bitfield);
    }
    case BPF_CORE_FIELD_RSHIFT_U64:
      return side(64 - bits, true);
    default:
      throw unanswerable(spec, `relocation kind ${kind} is not known`);
  }
}

/** Offset of a field that is no bitfield, with what a load of it would move: for arrays, one element. */
function access(btf: Btf, offset: number, typeId: number): Side {
  let element = btf.resolve(typeId);
  for (let type = btf.type(element); type.kind === "array"; type = btf.type(element)) {
    element = btf.resolve(type.elementType);
  }
  return { value: BigInt(offset), validate: true, accessBytes: btf.sizeOf(element), typeId };
}

/** The smallest aligned integer load that has all bits of a bitfield. */
function smallestLoad(spec: AccessSpec, typeBytes: number, bits: number): { bytes: number; offset: number } {
  let bytes = Math.max(1, typeBytes);
  for (;;) {
    const offset = Math.floor(spec.bitOffset / 8 / bytes) * bytes;
    if (spec.bitOffset + bits - offset * 8 <= bytes * 8) return { bytes, offset };
    if (bytes >= 8) throw unanswerable(spec, "no 64-bit load can read this bitfield");
    bytes *= 2;
  }
}

/** Pointers and unsigned integers are zero-extended by loads, so another size reads the same value. */
function isResizable(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  const a = local.type(localId);
  const b = target.type(targetId);
  if (a.kind === "ptr" && b.kind === "ptr") return true;
  const unsigned = (type: typeof a): boolean =>
    type.kind === "int" && !(type.signed && !type.char && !type.bool);
  return unsigned(a) && unsigned(b);
}

/** Kernels before 6.0 do not record that an enum is signed: then the program's own type decides. */
function sameSign(local: AccessSpec, target: AccessSpec, value: bigint): bigint {
  const a = local.btf.type(local.accessors[0]?.typeId ?? 0) as BtfEnum;
  const b = target.btf.type(target.accessors[0]?.typeId ?? 0) as BtfEnum;
  return a.signed && !b.signed && b.kind === "enum" ? BigInt.asIntN(32, value) : value;
}

function unanswerable(spec: AccessSpec, reason: string): WasmBpfError {
  return new WasmBpfError("RELOCATION", `${describeAccess(spec)}: ${reason}`);
}
