export { haveContextArgumentTag } from "./argument-tags.ts";
export {
  haveBtf,
  haveBtfAttributeTags,
  haveBtfDatasec,
  haveBtfDeclTag,
  haveBtfEnum64,
  haveBtfFloat,
  haveBtfFunctions,
  haveBtfGlobalFunctions,
  haveBtfKind,
  haveBtfQuestionMarkDatasec,
  haveBtfTypeTag,
} from "./btf-features.ts";
export { onlineCpus, parseCpuList, possibleCpuCount } from "./cpus.ts";
export { createMap, type MapCreateArguments } from "./create-map.ts";
export {
  haveAttachCookie,
  haveExpectedAttachType,
  haveGlobalData,
  haveMmapableArrays,
  haveObjectNames,
  havePerfLink,
  haveProbeReadKernel,
  haveProgramBindMap,
  haveUprobeMultiLink,
} from "./features.ts";
export { type KernelSymbol, lookupKernelSymbols } from "./kallsyms.ts";
export { kernelConfig, parseKconfig } from "./kconfig.ts";
export { haveKernelBtf, kernelBtf, kernelBtfIfAny, NoKernelBtfError } from "./kernel-btf.ts";
export { kernelVersion, versionCode } from "./kernel-version.ts";
export { loadBtf } from "./load-btf.ts";
export {
  FUNCTION_INFO_SIZE,
  LINE_INFO_SIZE,
  loadProgram,
  type ProgramLoadArguments,
} from "./load-program.ts";
export { machineIsLittleEndian } from "./machine.ts";
export { bumpMemlock, haveMemcgAccounting } from "./memlock.ts";
export { type ModuleBtf, ModuleBtfs, moduleBtf, moduleNames } from "./module-btf.ts";
export { type ObjectKind, objectFdById, objectIds } from "./object-ids.ts";
export { btfBytes, btfFdById, btfInfo, objectInfo } from "./object-info.ts";
export { featureOrigin, missingFeature } from "./since.ts";
export { haveSyscallWrapper, syscallWrapperPrefix } from "./syscall-wrapper.ts";
export { type BpfToken, createToken, withToken } from "./token.ts";
export { haveHelper, haveLinkType, haveMapType, haveProgramType } from "./type-probes.ts";
export { haveFullValueOffsets } from "./value-offsets.ts";
