import type { HostFunction, Signature } from "./signature.ts";

/** One function the host offers. `call` is total: whatever integers come, it answers an error number. */
export interface HostImport {
  readonly signature: Signature;
  readonly call: HostFunction;
}

/** Functions of one import module by name. */
export type HostImports = Readonly<Record<string, HostImport>>;

/**
 * @param parameters one letter each: `i` is i32, `I` is i64
 * @param result `i`, `I` or "" for none
 */
export function hostImport(parameters: string, result: string, call: HostFunction): HostImport {
  return { signature: { parameters, result }, call };
}
