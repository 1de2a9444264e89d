import type { Btf } from "../btf.ts";
import { essentialName } from "../strings.ts";
import { isComposite } from "../types.ts";
import { type Accessor, type AccessSpec, describeType } from "./access-spec.ts";
import { coreKind } from "./kinds.ts";
import { matchTarget } from "./target-spec.ts";

/** A type of a target that has the right name. */
export interface CoreCandidate {
  readonly btf: Btf;
  readonly id: number;
  /** Which of the targets it is in. */
  readonly targetIndex: number;
}

/**
 * Says why no candidate has what an access of the program asks for.
 *
 * @param kind `BPF_CORE_*`
 * @param tried types of the right name; none means that the target has no such type
 */
export function explainMismatch(local: AccessSpec, kind: number, tried: readonly CoreCandidate[]): string {
  const name = essentialName(local.btf.name(local.rootTypeId));
  const localKind = local.btf.kind(local.rootTypeId);
  const [candidate] = tried;
  if (candidate === undefined) return `the kernel has no ${localKind} ${name}`;
  const several = tried.length > 1 ? ` (nor has any other of its ${tried.length} types of that name)` : "";
  switch (coreKind(kind)?.subject) {
    case "enumerator":
      return `the kernel's ${localKind} ${name} has no ${essentialName(local.accessors[0]?.name ?? "")}${several}`;
    case "field":
      return `${explainField(local, kind, candidate)}${several}`;
    default:
      return `the kernel's ${localKind} ${name} is a different type${several}`;
  }
}

/** The first step of the access that the candidate does not have. */
function explainField(local: AccessSpec, kind: number, candidate: CoreCandidate): string {
  let owner = candidate.id;
  for (let count = 1; count <= local.accessors.length; count++) {
    const prefix = { ...local, accessors: local.accessors.slice(0, count) };
    const found = matchTarget(prefix, candidate.btf, candidate.id, kind);
    if (found === undefined) return explainStep(local, local.accessors[count - 1], candidate.btf, owner);
    owner = fieldType(found);
  }
  return `the kernel's ${describeType(candidate.btf, candidate.id)} does not have it`;
}

function explainStep(local: AccessSpec, step: Accessor | undefined, btf: Btf, ownerId: number): string {
  const owner = `the kernel's ${describeType(btf, btf.resolve(ownerId))}`;
  if (step?.name === undefined) return `${owner} is no array with an element ${step?.index ?? 0}`;
  const theirs = memberType(btf, ownerId, step.name, 8);
  if (theirs === undefined) return `${owner} has no member ${step.name}`;
  const ours = memberType(local.btf, step.typeId, step.name, 8) ?? 0;
  return (
    `${owner} has a member ${step.name} of another kind: ` +
    `${describeType(btf, btf.resolve(theirs))}, not ${describeType(local.btf, local.btf.resolve(ours))}`
  );
}

/** Type of the field that an access ends at. */
function fieldType(spec: AccessSpec): number {
  const last = spec.accessors.at(-1);
  if (last === undefined) return spec.rootTypeId;
  if (last.name === undefined) return last.typeId;
  const type = spec.btf.type(last.typeId);
  return isComposite(type) ? (type.members[last.index]?.type ?? 0) : 0;
}

/** Type of a member by name, those of anonymous members included. */
function memberType(btf: Btf, id: number, name: string, depth: number): number | undefined {
  const type = btf.type(btf.resolve(id));
  if (depth === 0 || !isComposite(type)) return undefined;
  for (const member of type.members) {
    if (member.name === name) return member.type;
    const inner = member.name === "" ? memberType(btf, member.type, name, depth - 1) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}
