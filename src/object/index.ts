export { attachName } from "./attach-name.ts";
export { checkKernel, type KernelAnswer, type KernelNeed, type ProgramCheck } from "./check-kernel.ts";
export { DeclarationError, type DeclarationProblem } from "./declaration-error.ts";
export {
  chooseEmbeddedBtf,
  EMBEDDED_BTF_SECTION,
  type EmbeddedBtf,
  embedBtf,
  embeddedBtfs,
  type KernelKey,
} from "./embedded-btf.ts";
export { type EmbeddedObject, findObjects } from "./find-objects.ts";
export type { Ability, AbilityKind } from "./inspect/abilities.ts";
export { type EmbeddedObjectReport, inspectModule, type ModuleReport } from "./inspect/module-report.ts";
export { helperName } from "./inspect/names.ts";
export {
  type GlobalReport,
  inspectObject,
  type MapReport,
  type ObjectReport,
  type ProgramReport,
} from "./inspect/object-report.ts";
export type { LinkInput } from "./link/input.ts";
export { linkObjects } from "./link/link-objects.ts";
export { loadableBtf } from "./loadable-btf.ts";
export { kernelMapName } from "./names.ts";
export { objectTypes } from "./object-types.ts";
export { type ParseOptions, parseObject } from "./parse.ts";
export { reachableSlots } from "./reachable.ts";
export { matchSection, sectionKinds } from "./section-kinds.ts";
export type {
  ArenaVariables,
  CoreRelocation,
  ExternReference,
  ExternSpec,
  FunctionInfo,
  InternalMap,
  LineInfo,
  MapReference,
  MapSpec,
  MapValue,
  MatchedSection,
  ObjectSpec,
  Pinning,
  PlacedFunction,
  ProgramSpec,
  Reference,
  SectionKind,
  StructOps,
  VariableSpec,
} from "./spec.ts";
