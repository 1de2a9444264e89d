import { type Btf, type BtfFeatures, sanitizeBtf } from "../btf/index.ts";
import {
  haveBtf,
  haveBtfAttributeTags,
  haveBtfDatasec,
  haveBtfDeclTag,
  haveBtfEnum64,
  haveBtfFloat,
  haveBtfFunctions,
  haveBtfGlobalFunctions,
  haveBtfQuestionMarkDatasec,
  haveBtfTypeTag,
  loadBtf,
} from "../kernel/index.ts";

function kernelBtfFeatures(): BtfFeatures {
  return {
    func: haveBtfFunctions(),
    funcGlobal: haveBtfGlobalFunctions(),
    datasec: haveBtfDatasec(),
    questionMarkDatasec: haveBtfQuestionMarkDatasec(),
    float: haveBtfFloat(),
    declTag: haveBtfDeclTag(),
    typeTag: haveBtfTypeTag(),
    enum64: haveBtfEnum64(),
    attributeTags: haveBtfAttributeTags(),
  };
}

/** The object's BTF in the kernel, or why it is not there. */
export interface LoadedBtf {
  /** -1 when the kernel did not take it: the object then loads without type information. */
  readonly fd: number;
  /** -errno of the refusal, 0 when it was taken. */
  readonly result: number;
}

/**
 * Loads an object's BTF: as it is where the kernel takes it, else with everything replaced that this kernel does
 * not know. BTF is optional, so a refusal is no error.
 */
export function loadObjectBtf(btf: Btf): LoadedBtf {
  const direct = loadBtf(btf.raw);
  if (direct >= 0) return { fd: direct, result: 0 };
  if (!haveBtf()) return { fd: -1, result: direct };
  const sanitized = sanitizeBtf(btf, kernelBtfFeatures());
  const result = sanitized === btf.raw ? direct : loadBtf(sanitized);
  return result >= 0 ? { fd: result, result: 0 } : { fd: -1, result };
}
