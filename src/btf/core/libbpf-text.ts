import type { Btf } from "../btf.ts";
import { isEnum } from "../types.ts";
import { type AccessSpec, parseAccessSpec } from "./access-spec.ts";
import { coreKind } from "./kinds.ts";
import type { CoreRelocation } from "./relocate.ts";

/** What libbpf keeps of a relocation's text. */
const LONGEST_TEXT = 255;

/**
 * A relocation as libbpf writes it: `<byte_off> [32] struct task_struct.pid (0:24 @ offset 1256)`.
 *
 * @param btf the program's own types
 * @throws {MalformedInputError} when the relocation does not fit them
 */
export function libbpfRelocationText(btf: Btf, { typeId, accessString, kind }: CoreRelocation): string {
  return libbpfSpecText(parseAccessSpec(btf, typeId, accessString, kind), kind);
}

/** An access of the program, or what a candidate has of it, as libbpf writes it. @param kind `BPF_CORE_*` */
export function libbpfSpecText(spec: AccessSpec, kind: number): string {
  const { btf, rootTypeId } = spec;
  const { subject, label = "unknown" } = coreKind(kind) ?? {};
  const head = `<${label}> [${rootTypeId}] ${libbpfTypeText(btf, rootTypeId)}`;
  const rest = subject === "field" ? fieldText(spec) : subject === "enumerator" ? enumeratorText(spec) : "";
  return (head + rest).slice(0, LONGEST_TEXT);
}

/** For example `struct task_struct`. */
export function libbpfTypeText(btf: Btf, id: number): string {
  return `${btf.kind(id)} ${btf.name(id) || "<anon>"}`;
}

function fieldText({ accessors, raw, bitOffset }: AccessSpec): string {
  const path = accessors.map(({ name, index }, place) => {
    if (name !== undefined) return `.${name}`;
    return place > 0 || index > 0 ? `[${index}]` : "";
  });
  const bits = bitOffset % 8 === 0 ? "" : `.${bitOffset % 8}`;
  return `${path.join("")} (${raw.join(":")} @ offset ${Math.floor(bitOffset / 8)}${bits})`;
}

function enumeratorText({ btf, rootTypeId, raw }: AccessSpec): string {
  const type = btf.type(btf.resolve(rootTypeId));
  // NB: of a candidate that has not got the enumerator, libbpf shows the first.
  const enumerator = isEnum(type) ? type.values[raw[0] ?? 0] : undefined;
  return enumerator === undefined ? "" : `::${enumerator.name} = ${enumerator.value}`;
}
