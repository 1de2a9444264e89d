import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import { parseAccessSpec } from "./access-spec.ts";
import { type CoreRelocation, describeRelocation } from "./relocate.ts";

/**
 * What a relocation asks the kernel for, for example `byte offset of struct task_struct::pid (0:24)`.
 *
 * @param btf the program's own types
 */
export function describeCoreRelocation(btf: Btf, relocation: CoreRelocation): string {
  try {
    const { typeId, accessString, kind } = relocation;
    return describeRelocation(relocation, parseAccessSpec(btf, typeId, accessString, kind));
  } catch (error) {
    if (!(error instanceof MalformedInputError)) throw error;
    return describeRelocation(relocation, undefined);
  }
}
