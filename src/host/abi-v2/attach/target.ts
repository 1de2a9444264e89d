import type { BpfProgram } from "../../../ebpf/index.ts";
import type { Attachment, LinkResources } from "../../../link/index.ts";
import { EINVAL } from "../../../uapi/errno.ts";
import type { AbiV2Context } from "../context.ts";
import { errorText } from "../lines/error-text.ts";
import { Refusal } from "../refusal.ts";
import type { LinkArguments } from "./arguments.ts";

/** A program that is to be attached. */
export interface AttachTarget {
  readonly context: AbiV2Context;
  readonly program: BpfProgram;
  /** The program's name as in its object. */
  readonly name: string;
  /** -1 when it is not loaded. */
  readonly programFd: number;
}

/** Attaches a program. @throws {Refusal} after a line of libbpf's */
export type Attach = (target: AttachTarget, args: LinkArguments) => LinkResources | Attachment;

/** Writes a warning of libbpf and ends the call. */
export function refuse(context: AbiV2Context, errno: number, line?: string): never {
  if (line !== undefined) context.log.write(0, line);
  throw new Refusal(errno);
}

/** @throws {Refusal} EINVAL after a line for a program that is not loaded */
export function mustBeLoaded(context: AbiV2Context, { name, loaded }: BpfProgram): void {
  if (loaded) return;
  refuse(context, EINVAL, `prog '${name}': can't attach BPF program without FD (was it loaded?)`);
}

/**
 * A result of the kernel.
 *
 * @param line what libbpf says about a refusal, up to the error; none when left out
 * @returns `result` when it is not negative
 */
export function accepted(context: AbiV2Context, result: number, line?: string): number {
  if (result >= 0) return result;
  return refuse(context, -result, line === undefined ? undefined : `${line}: ${errorText(-result)}`);
}
