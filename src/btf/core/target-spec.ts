import { MalformedInputError } from "../../internal/index.ts";
import { BPF_CORE_TYPE_MATCHES } from "../../uapi/bpf.ts";
import type { Btf } from "../btf.ts";
import { essentialName } from "../strings.ts";
import { type BtfComposite, isComposite, isEnum } from "../types.ts";
import {
  type Accessor,
  type AccessSpec,
  describeType,
  isFlexibleArray,
  MAX_SPEC_LENGTH,
} from "./access-spec.ts";
import { fieldsAreCompatible, typesAreCompatible } from "./compatible.ts";
import { coreKind } from "./kinds.ts";
import { typesMatch } from "./matching.ts";

/** Repeats an access of the program in a candidate's types. @returns `undefined` when the candidate does not have it. */
export function matchTarget(
  local: AccessSpec,
  target: Btf,
  targetId: number,
  kind: number,
): AccessSpec | undefined {
  const { spec, matches } = tryTarget(local, target, targetId, kind);
  return matches ? spec : undefined;
}

/** Like {@link matchTarget}, with the part of the access that the candidate has when it has not got all of it. */
export function tryTarget(
  local: AccessSpec,
  target: Btf,
  targetId: number,
  kind: number,
): { spec: AccessSpec; matches: boolean } {
  const spec: AccessSpec = { btf: target, rootTypeId: targetId, accessors: [], raw: [], bitOffset: 0 };
  switch (coreKind(kind)?.subject) {
    case "type": {
      const same = kind === BPF_CORE_TYPE_MATCHES ? typesMatch : typesAreCompatible;
      return { spec, matches: same(local.btf, local.rootTypeId, target, targetId) };
    }
    case "enumerator":
      return { spec, matches: matchEnumerator(local, spec) };
    default:
      return { spec, matches: matchField(local, spec) };
  }
}

function matchEnumerator(local: AccessSpec, spec: AccessSpec): boolean {
  const id = spec.btf.resolve(spec.rootTypeId);
  const type = spec.btf.type(id);
  if (!isEnum(type)) return false;
  const wanted = essentialName(local.accessors[0]?.name ?? "");
  const index = type.values.findIndex((value) => essentialName(value.name) === wanted);
  if (index < 0) return false;
  spec.accessors.push({ typeId: id, index, name: type.values[index]?.name });
  spec.raw.push(index);
  return true;
}

function matchField(local: AccessSpec, spec: AccessSpec): boolean {
  const { btf } = spec;
  let id = spec.rootTypeId;
  for (const [i, accessor] of local.accessors.entries()) {
    id = btf.resolve(id);
    if (accessor.name !== undefined) {
      const found = matchMember(local.btf, accessor, spec, id);
      if (found === undefined) return false;
      id = found;
      continue;
    }
    // The first step treats the root type itself as the element of an array.
    if (i > 0) {
      const array = btf.type(id);
      if (array.kind !== "array") return false;
      const flexible = isFlexibleArray(btf, spec.accessors.at(-1), array);
      if (!flexible && accessor.index >= array.length) return false;
      id = btf.resolve(array.elementType);
    }
    pushRaw(spec, accessor.index);
    spec.accessors.push({ typeId: id, index: accessor.index, name: undefined });
    spec.bitOffset += accessor.index * btf.sizeOf(id) * 8;
  }
  return true;
}

/**
 * Searches a struct, anonymous members included, for the member that an accessor names, and extends the spec.
 *
 * @returns The member's type; `undefined` when there is no compatible member of this name.
 */
function matchMember(local: Btf, accessor: Accessor, spec: AccessSpec, structId: number): number | undefined {
  const { btf } = spec;
  const localType = local.type(accessor.typeId) as BtfComposite;
  const localMember = localType.members[accessor.index];
  if (localMember === undefined) return undefined;
  // An anonymous struct reached twice without result needs no third look; this also ends cycles.
  const fruitless = new Set<number>();

  const search = (id: number): number | "absent" | "incompatible" => {
    const resolved = btf.resolve(id);
    const type = btf.type(resolved);
    if (!isComposite(type) || fruitless.has(resolved)) return "absent";
    fruitless.add(resolved);
    for (const [index, member] of type.members.entries()) {
      if (member.name !== "" && member.name !== localMember.name) continue;
      pushRaw(spec, index);
      spec.bitOffset += member.offsetBits;
      if (member.name === "") {
        const found = search(member.type);
        if (found !== "absent") return found;
      } else {
        if (!fieldsAreCompatible(local, localMember.type, btf, member.type)) return "incompatible";
        spec.accessors.push({ typeId: resolved, index, name: member.name });
        return member.type;
      }
      spec.bitOffset -= member.offsetBits;
      spec.raw.pop();
    }
    return "absent";
  };

  const found = search(structId);
  return typeof found === "number" ? found : undefined;
}

function pushRaw(spec: AccessSpec, index: number): void {
  if (spec.raw.length === MAX_SPEC_LENGTH) {
    throw new MalformedInputError(`${describeType(spec.btf, spec.rootTypeId)} nests too deeply`);
  }
  spec.raw.push(index);
}
