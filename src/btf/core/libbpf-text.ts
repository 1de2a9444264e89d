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
  BPF_CORE_TYPE_ID_LOCAL,
  BPF_CORE_TYPE_ID_TARGET,
  BPF_CORE_TYPE_MATCHES,
  BPF_CORE_TYPE_SIZE,
} from "../../uapi/bpf.ts";
import type { Btf } from "../btf.ts";
import { type AccessSpec, parseAccessSpec } from "./access-spec.ts";
import { coreKind } from "./kinds.ts";
import type { CoreRelocation } from "./relocate.ts";

/** How libbpf calls what relocations ask for. */
const LABELS: Readonly<Record<number, string>> = {
  [BPF_CORE_FIELD_BYTE_OFFSET]: "byte_off",
  [BPF_CORE_FIELD_BYTE_SIZE]: "byte_sz",
  [BPF_CORE_FIELD_EXISTS]: "field_exists",
  [BPF_CORE_FIELD_SIGNED]: "signed",
  [BPF_CORE_FIELD_LSHIFT_U64]: "lshift_u64",
  [BPF_CORE_FIELD_RSHIFT_U64]: "rshift_u64",
  [BPF_CORE_TYPE_ID_LOCAL]: "local_type_id",
  [BPF_CORE_TYPE_ID_TARGET]: "target_type_id",
  [BPF_CORE_TYPE_EXISTS]: "type_exists",
  [BPF_CORE_TYPE_MATCHES]: "type_matches",
  [BPF_CORE_TYPE_SIZE]: "type_size",
  [BPF_CORE_ENUMVAL_EXISTS]: "enumval_exists",
  [BPF_CORE_ENUMVAL_VALUE]: "enumval_value",
};

/**
 * A relocation as libbpf writes it: `<byte_off> [32] struct task_struct.pid (0:24 @ offset 1256)`.
 *
 * @param btf the program's own types
 * @throws {MalformedInputError} when the relocation does not fit them
 */
export function libbpfRelocationText(btf: Btf, relocation: CoreRelocation): string {
  const { typeId, accessString, kind } = relocation;
  const spec = parseAccessSpec(btf, typeId, accessString, kind);
  const head = `<${LABELS[kind] ?? "unknown"}> [${typeId}] ${btf.kind(typeId)} ${btf.name(typeId) || "<anon>"}`;
  switch (coreKind(kind)?.subject) {
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
