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

/** What a relocation asks about. */
export type CoreSubject = "field" | "type" | "enumerator";

interface CoreKind {
  readonly subject: CoreSubject;
  /** Continues "cannot find the ...". */
  readonly phrase: string;
  /** How libbpf calls it. */
  readonly label: string;
}

const KINDS: Readonly<Record<number, CoreKind>> = {
  [BPF_CORE_FIELD_BYTE_OFFSET]: { subject: "field", phrase: "byte offset", label: "byte_off" },
  [BPF_CORE_FIELD_BYTE_SIZE]: { subject: "field", phrase: "byte size", label: "byte_sz" },
  [BPF_CORE_FIELD_EXISTS]: { subject: "field", phrase: "existence", label: "field_exists" },
  [BPF_CORE_FIELD_SIGNED]: { subject: "field", phrase: "signedness", label: "signed" },
  [BPF_CORE_FIELD_LSHIFT_U64]: { subject: "field", phrase: "left shift", label: "lshift_u64" },
  [BPF_CORE_FIELD_RSHIFT_U64]: { subject: "field", phrase: "right shift", label: "rshift_u64" },
  [BPF_CORE_TYPE_ID_LOCAL]: { subject: "type", phrase: "local type id", label: "local_type_id" },
  [BPF_CORE_TYPE_ID_TARGET]: { subject: "type", phrase: "target type id", label: "target_type_id" },
  [BPF_CORE_TYPE_EXISTS]: { subject: "type", phrase: "existence", label: "type_exists" },
  [BPF_CORE_TYPE_SIZE]: { subject: "type", phrase: "size", label: "type_size" },
  [BPF_CORE_TYPE_MATCHES]: { subject: "type", phrase: "match", label: "type_matches" },
  [BPF_CORE_ENUMVAL_EXISTS]: { subject: "enumerator", phrase: "existence", label: "enumval_exists" },
  [BPF_CORE_ENUMVAL_VALUE]: { subject: "enumerator", phrase: "value", label: "enumval_value" },
};

/** What is known about a `BPF_CORE_*` kind; `undefined` for a kind newer than this code. */
export function coreKind(kind: number): CoreKind | undefined {
  return KINDS[kind];
}
