export { Btf, type BtfParseOptions } from "./btf.ts";
export { BtfBuilder, type BtfBuilderOptions } from "./builder.ts";
export { type FormatCOptions, formatC } from "./c-output/format-c.ts";
export { dumpTypeData, type TypeDataOptions, type TypeDataText } from "./c-output/type-data.ts";
export { TypeCycleError, TypeDump } from "./c-output/type-dump.ts";
export { typesAreCompatible } from "./core/compatible.ts";
export { describeCoreRelocation } from "./core/describe.ts";
export { LibbpfCoreLines } from "./core/libbpf-lines.ts";
export { libbpfRelocationText } from "./core/libbpf-text.ts";
export { type CoreSource, minCoreBtf } from "./core/min-core-btf.ts";
export { POISON_HELPER } from "./core/patch.ts";
export {
  type CoreCandidateCache,
  type CoreFailure,
  type CoreInput,
  type CoreOutcome,
  type CoreRelocation,
  RelocationError,
  relocateCore,
} from "./core/relocate.ts";
export { type DatasecSource, fixupDatasecs } from "./datasec.ts";
export { type DedupResult, dedupTypes } from "./dedup.ts";
export {
  type BeforeAfter,
  type BtfDifference,
  type BtfDiffOptions,
  diffBtf,
  type FieldDifference,
  type ValueDifference,
} from "./diff/diff.ts";
export type { FieldPlace } from "./diff/shape.ts";
export { typeText } from "./diff/type-text.ts";
export { encodeBtfExt } from "./encode-ext.ts";
export {
  type BtfExt,
  type CoreRelocationInfo,
  type FunctionInfo,
  type LineInfo,
  parseBtfExt,
} from "./ext.ts";
export { type BtfExtProblem, findBtfExtProblem } from "./ext-problem.ts";
export { mapTypeIds } from "./map-ids.ts";
export { type BtfProblem, findBtfProblem } from "./problem.ts";
export { replaceTypes } from "./replace-types.ts";
export { type BtfFeatures, sanitizeBtf } from "./sanitize.ts";
export { essentialName } from "./strings.ts";
export type {
  BtfArray,
  BtfComposite,
  BtfDatasec,
  BtfDeclTag,
  BtfEnum,
  BtfEnumValue,
  BtfFloat,
  BtfForward,
  BtfFunction,
  BtfInt,
  BtfKind,
  BtfLinkage,
  BtfMember,
  BtfParameter,
  BtfPointer,
  BtfPrototype,
  BtfQualifier,
  BtfSectionVariable,
  BtfType,
  BtfTypedef,
  BtfTypeTag,
  BtfVariable,
  BtfVoid,
  NewBtfType,
} from "./types.ts";
export {
  BTF_KIND_ARRAY,
  BTF_KIND_CONST,
  BTF_KIND_COUNT,
  BTF_KIND_DATASEC,
  BTF_KIND_DECL_TAG,
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_FWD,
  BTF_KIND_INT,
  BTF_KIND_NAMES,
  BTF_KIND_PTR,
  BTF_KIND_RESTRICT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_UNION,
  BTF_KIND_UNKN,
  BTF_KIND_VAR,
  BTF_KIND_VOLATILE,
  BTF_LINKAGES,
  isComposite,
  isEnum,
} from "./types.ts";
