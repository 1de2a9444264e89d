import type { Btf } from "../btf.ts";
import { type AccessSpec, parseAccessSpec } from "./access-spec.ts";
import { coreKind } from "./kinds.ts";
import type { CoreRelocation } from "./relocate.ts";

/**
 * A relocation as libbpf writes it: `<byte_off> [32] struct task_struct.pid (0:24 @ offset 1256)`.
 *
 * @param btf the program's own types
 * @throws {MalformedInputError} when the relocation does not fit them
 */
export function libbpfRelocationText(btf: Btf, relocation: CoreRelocation): string {
  const { typeId, accessString, kind } = relocation;
  const spec = parseAccessSpec(btf, typeId, accessString, kind);
  const { subject, label = "unknown" } = coreKind(kind) ?? {};
  const head = `<${label}> [${typeId}] ${btf.kind(typeId)} ${btf.name(typeId) || "<anon>"}`;
  switch (subject) {
    case "field":
      return `${head}${fieldText(spec)}`;
    case "enumerator":
      return `${head}${enumeratorText(btf, spec)}`;
    default:
      return head;
  }
}

function fieldText({ accessors, raw, bitOffset }: AccessSpec): string {
  const path = accessors.map(({ name, index }, place) => {
    if (name !== undefined) return `.${name}`;
    return place > 0 || index > 0 ? `[${index}]` : "";
  });
  const bits = bitOffset % 8 === 0 ? "" : `.${bitOffset % 8}`;
  return `${path.join("")} (${raw.join(":")} @ offset ${Math.floor(bitOffset / 8)}${bits})`;
}

function enumeratorText(btf: Btf, { accessors }: AccessSpec): string {
  const [accessor] = accessors;
  const type = accessor === undefined ? undefined : btf.type(accessor.typeId);
  if (accessor === undefined || (type?.kind !== "enum" && type?.kind !== "enum64")) return "";
  const enumerator = type.values[accessor.index];
  return enumerator === undefined ? "" : `::${enumerator.name} = ${enumerator.value}`;
}
