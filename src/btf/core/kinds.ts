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
}

const KINDS: Readonly<Record<number, CoreKind>> = {
  [BPF_CORE_FIELD_BYTE_OFFSET]: { subject: "field", phrase: "byte offset" },
  [BPF_CORE_FIELD_BYTE_SIZE]: { subject: "field", phrase: "byte size" },
  [BPF_CORE_FIELD_EXISTS]: { subject: "field", phrase: "existence" },
  [BPF_CORE_FIELD_SIGNED]: { subject: "field", phrase: "signedness" },
  [BPF_CORE_FIELD_LSHIFT_U64]: { subject: "field", phrase: "left shift" },
  [BPF_CORE_FIELD_RSHIFT_U64]: { subject: "field", phrase: "right shift" },
  [BPF_CORE_TYPE_ID_LOCAL]: { subject: "type", phrase: "local type id" },
  [BPF_CORE_TYPE_ID_TARGET]: { subject: "type", phrase: "target type id" },
  [BPF_CORE_TYPE_EXISTS]: { subject: "type", phrase: "existence" },
  [BPF_CORE_TYPE_SIZE]: { subject: "type", phrase: "size" },
  [BPF_CORE_TYPE_MATCHES]: { subject: "type", phrase: "match" },
  [BPF_CORE_ENUMVAL_EXISTS]: { subject: "enumerator", phrase: "existence" },
  [BPF_CORE_ENUMVAL_VALUE]: { subject: "enumerator", phrase: "value" },
};

/** What is known about a `BPF_CORE_*` kind; `undefined` for a kind newer than this code. */
export function coreKind(kind: number): CoreKind | undefined {
  return KINDS[kind];
}
