import { type Btf, RelocationError } from "../../../btf/index.ts";
import {
  type BpfProgram,
  KconfigError,
  MissingExternError,
  MissingTargetError,
  StructOpsError,
} from "../../../ebpf/index.ts";
import type { ElfFile } from "../../../elf/index.ts";
import { WasmBpfError } from "../../../internal/index.ts";
import { NoKernelBtfError } from "../../../kernel/index.ts";
import type { ExternSpec } from "../../../object/index.ts";
import { BPF_PROG_TYPE_EXT, BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_UNSPEC } from "../../../uapi/bpf.ts";
import { EINVAL, EOPNOTSUPP, ESRCH } from "../../../uapi/errno.ts";
import type { GuestObject } from "../guest-object.ts";
import { type GuestLog, LOG_DEBUG, LOG_WARNING } from "../log.ts";
import { sayNoKernelBtf } from "./btf.ts";
import { sayCoreRelocations } from "./core.ts";
import { errorText } from "./error-text.ts";
import { isTyped, kconfigLines, structOpsLine } from "./externs.ts";

/** The types that a guest wants its programs adapted to cannot be had. */
export class TargetTypesError extends WasmBpfError {
  readonly errno: number;
  constructor(errno: number, options: ErrorOptions) {
    super("NOT_FOUND", "The types that programs are to be adapted to cannot be read", options);
    this.errno = errno;
  }
}

/** A load that has failed before the kernel was given the program in question. */
interface FailedLoad {
  readonly log: GuestLog;
  readonly owner: GuestObject;
  /** The object's file. */
  readonly elf: () => ElfFile;
  /** The types that programs are adapted to. */
  readonly targets: readonly (() => Btf)[];
  /** Externs that were found. */
  readonly resolved: ReadonlySet<string>;
}

/**
 * Says why a load has failed.
 *
 * @param errno the error's own number
 * @returns errno as libbpf gives it
 */
export function sayFailure(load: FailedLoad, error: unknown, errno: number): number {
  const { log, owner } = load;
  const warn = (text: string): void => log.write(LOG_WARNING, text);
  const types = error instanceof Error && error.cause instanceof TargetTypesError ? error.cause : error;
  if (types instanceof TargetTypesError) {
    warn(`failed to parse target BTF: ${errorText(types.errno)}`);
    warn(`failed to perform CO-RE relocations: ${errorText(types.errno)}`);
    return types.errno;
  }
  const kernelTypes = error instanceof RelocationError ? error.cause : error;
  if (kernelTypes instanceof NoKernelBtfError) {
    sayNoKernelBtf(log);
    warn("Error loading vmlinux BTF: -ESRCH");
    // What can be done about it, libbpf has nothing of.
    if (error instanceof RelocationError) warn(kernelTypes.message);
    return ESRCH;
  }
  if (error instanceof RelocationError) {
    // With the other lines these have been said already.
    if (!log.wants(LOG_DEBUG)) {
      sayCoreRelocations(log, owner.object, load.elf(), load.targets);
    }
    return errno;
  }
  if (error instanceof KconfigError) {
    for (const line of kconfigLines(error)) warn(line);
    return EINVAL;
  }
  if (error instanceof StructOpsError) {
    warn(structOpsLine(error));
    return error.problem === "no type" ? ESRCH : EOPNOTSUPP;
  }
  if (error instanceof MissingExternError) {
    return sayMissing(load, error.extern);
  }
  if (error instanceof MissingTargetError) {
    const program = `prog '${error.program}'`;
    warn(`${program}: failed to find kernel BTF type ID of '${error.target}': -ESRCH`);
    sayNotPrepared(log, program, ESRCH);
    return ESRCH;
  }
  const left = unprepared(log, owner);
  if (left !== undefined) sayNotPrepared(log, `prog '${left.name}'`, errno);
  return errno;
}

/** The program that is to be loaded and cannot be, for what the object says. */
function unprepared(log: GuestLog, owner: GuestObject): BpfProgram | undefined {
  const warn = (text: string): void => log.write(LOG_WARNING, text);
  for (const program of owner.programs) {
    if (!program.autoload || program.loaded) continue;
    const { section, attachTarget, name } = program;
    if (program.type === BPF_PROG_TYPE_UNSPEC) {
      const place = program.spec.sectionName.replace(/^\?/, "");
      warn(`prog '${name}': missing BPF prog type, check ELF section name '${place}'`);
      warn(`prog '${name}': failed to load: ${errorText(EINVAL)}`);
      return undefined;
    }
    if (program.type === BPF_PROG_TYPE_STRUCT_OPS && !isCallback(owner, name)) {
      warn(`prog '${name}': SEC("struct_ops") program isn't referenced anywhere, did you forget to use it?`);
      warn(`prog '${name}': failed to load: ${errorText(EINVAL)}`);
      return undefined;
    }
    if (!section.needsAttachBtf || attachTarget.functionName !== undefined) continue;
    if (section.target === undefined) {
      warn(`prog '${name}': no BTF-based attach target is specified, use bpf_program__set_attach_target()`);
      return program;
    }
    if (program.type === BPF_PROG_TYPE_EXT && attachTarget.programFd === undefined) {
      warn(`prog '${name}': attach program FD is not set`);
      return program;
    }
  }
  return undefined;
}

/** Whether a struct_ops map that is created calls the program. */
function isCallback(owner: GuestObject, program: string): boolean {
  return [...owner.object.maps.values()].some(
    (map) => map.autocreate && [...map.structOpsPrograms.values()].includes(program),
  );
}

function sayNotPrepared(log: GuestLog, program: string, errno: number): void {
  log.write(LOG_WARNING, `${program}: failed to prepare load attributes: ${errorText(errno)}`);
  log.write(LOG_WARNING, `${program}: failed to load: ${errorText(errno)}`);
}

function sayMissing({ log, owner, resolved }: FailedLoad, { name, kind, typeId }: ExternSpec): number {
  const { spec } = owner.object;
  const warn = (text: string): void => log.write(LOG_WARNING, text);
  if (kind === "kfunc") {
    warn(`extern (func ksym) '${name}': not found in kernel or module BTFs`);
    return EINVAL;
  }
  if (kind === "ksym" && isTyped(spec, { typeId })) {
    warn(`extern (var ksym) '${name}': not found in kernel BTF`);
    return EINVAL;
  }
  for (const extern of spec.externs) {
    if (extern.name === name) break;
    if (extern.weak && !resolved.has(extern.name)) {
      log.write(LOG_DEBUG, `extern '${extern.name}' (weak): not resolved, defaulting to zero`);
    }
  }
  warn(`extern '${name}' (strong): not resolved`);
  return ESRCH;
}
