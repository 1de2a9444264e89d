import type { BpfProgram } from "../../../ebpf/index.ts";
import type { Attachment, LinkResources } from "../../../link/index.ts";
import type { AbiV2Context } from "../context.ts";
import { errorText } from "../lines/error-text.ts";
import { Refusal } from "../refusal.ts";
import type { LinkArguments } from "./arguments.ts";

/** A loaded program that is to be attached. */
export interface AttachTarget {
  readonly context: AbiV2Context;
  readonly program: BpfProgram;
  /** The program's name as in its object. */
  readonly name: string;
  readonly programFd: number;
}

/** Attaches a program. @throws {Refusal} after a line of libbpf's */
export type Attach = (target: AttachTarget, args: LinkArguments) => LinkResources | Attachment;

/** Writes a warning of libbpf and ends the call. */
export function refuse(context: AbiV2Context, errno: number, line?: string): never {
  if (line !== undefined) context.log.write(0, line);
  throw new Refusal(errno);
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
