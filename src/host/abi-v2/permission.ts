import { DEFAULT_PIN_ROOT } from "../../ebpf/index.ts";
import { EPERM } from "../../uapi/errno.ts";
import type { AbiV2Context } from "./context.ts";
import { Refusal } from "./refusal.ts";

const explained = new WeakMap<AbiV2Context, Set<string>>();

/**
 * What an import ends with that lacks a permission. The user reads once for each option which one it is.
 *
 * @param option such as `--allow-kernel`
 * @param what the guest wants to do: `open BPF objects of others`
 */
export function permissionMissing(context: AbiV2Context, option: string, what: string): Refusal {
  const known = explained.get(context) ?? new Set();
  explained.set(context, known);
  if (!known.has(option)) {
    known.add(option);
    context.print(`The guest wants to ${what}, which needs ${option}`);
  }
  return new Refusal(EPERM);
}

/**
 * Pins below an object's own directory need nothing.
 *
 * @throws {Refusal} EPERM for others without `--allow-kernel`
 */
export function requirePinPath(
  context: AbiV2Context,
  pinRoot: string = DEFAULT_PIN_ROOT,
  path: string,
): void {
  const isBelow = path.startsWith(`${pinRoot}/`) && !path.split("/").includes("..");
  if (!isBelow) requireKernel(context);
}

/**
 * The directory of an object's pins is the usual one or below it: others are those of other programs.
 *
 * @throws {Refusal} EPERM for others without `--allow-kernel`
 */
export function requirePinRoot(context: AbiV2Context, pinRoot: string): void {
  requirePinPath(context, DEFAULT_PIN_ROOT, `${pinRoot}/`);
}

/** @throws {Refusal} EPERM without `--allow-kernel` */
export function requireKernel(context: AbiV2Context): void {
  if (context.permissions.kernel !== true) {
    throw permissionMissing(context, "--allow-kernel", "reach BPF objects that are not its own");
  }
}
