import type { Btf } from "../btf/index.ts";
import { decodeCString, WasmBpfError } from "../internal/index.ts";
import {
  FUNCTION_INFO_SIZE,
  haveBtfFunctions,
  haveExpectedAttachType,
  haveObjectNames,
  haveUprobeMultiLink,
  LINE_INFO_SIZE,
  loadProgram,
  machineIsLittleEndian,
  type ProgramLoadArguments,
} from "../kernel/index.ts";
import type { ProgramSpec } from "../object/index.ts";
import {
  BPF_F_SLEEPABLE,
  BPF_F_XDP_HAS_FRAGS,
  BPF_PROG_TYPE_UNSPEC,
  BPF_PROG_TYPE_XDP,
  BPF_TRACE_UPROBE_MULTI,
} from "../uapi/bpf.ts";
import { EINVAL, ENOSPC } from "../uapi/errno.ts";
import type { AttachBtf } from "./attach-target.ts";
import type { FailedCore } from "./load-error.ts";
import { loadError } from "./load-error.ts";
import type { LoadObserver } from "./load-observer.ts";
import type { BpfProgram } from "./program.ts";

/** Everything a program's load needs besides its blueprint. */
export interface ProgramLoadInput {
  readonly program: BpfProgram;
  readonly attach: AttachBtf;
  readonly license: string;
  readonly kernelVersion: number;
  readonly btf: Btf | undefined;
  /** Ids of functions in the loaded BTF where they are not those of the spec. */
  readonly functionTypes?: ReadonlyMap<number, number> | undefined;
  /** The object's BTF in the kernel, -1 when it is not there. */
  readonly btfFd: number;
  readonly fdArray: Int32Array | undefined;
  readonly logLevel: number;
  readonly failedCore: readonly FailedCore[];
  readonly observer: LoadObserver | undefined;
  /** In place of what the object says. */
  readonly overrides: ProgramOverrides | undefined;
}

/** What the load of one program is told instead of what its object says. */
export type ProgramOverrides = Partial<
  Pick<
    ProgramLoadArguments,
    | "attachBtfId"
    | "attachFd"
    | "btfFd"
    | "expectedAttachType"
    | "flags"
    | "functionInfo"
    | "ifindex"
    | "kernelVersion"
    | "lineInfo"
  >
>;

const FIRST_LOG_SIZE = 256 * 1024;
/** The kernel's own limit is a quarter of 4 GB; nobody reads more than this. */
const LARGEST_LOG_SIZE = 256 * 1024 * 1024;

/**
 * Loads one program. Without a log first, which is the fast path; after a refusal once more with one, in a buffer
 * that grows until the log is whole.
 *
 * @throws {VerifierError} when the verifier refused it.
 * @throws {SystemCallError} when the kernel refused it before the verifier looked at it.
 */
export function loadOneProgram(input: ProgramLoadInput): void {
  const { program, attach } = input;
  const level = input.logLevel | program.logLevel;
  let load = loadArguments(input);
  let { result, log } = attempt(load, level);
  if (result < 0 && level === 0) ({ result, log } = attempt(load, 1));
  if (result === -EINVAL && load.lineInfo !== undefined && /line_?info/i.test(log)) {
    // Line info is for people; a kernel that finds it wrong need not keep the program from loading.
    const { lineInfo: _dropped, ...rest } = load;
    load = rest;
    ({ result, log } = attempt(load, Math.max(level, 1)));
  }
  if (result < 0) {
    const error = loadError(input, -result, log);
    input.observer?.programRefused?.(program, -result, log);
    throw error;
  }
  program.take(result, attach, level === 0 ? "" : log);
  input.observer?.programLoaded?.(program);
}

function attempt(load: ProgramLoadArguments, level: number): { result: number; log: string } {
  if (level === 0) return { result: loadProgram(load).result, log: "" };
  for (let size = FIRST_LOG_SIZE; ; ) {
    const buffer = new Uint8Array(size);
    const { result, logTrueSizeBytes } = loadProgram({ ...load, log: buffer, logLevel: level });
    const whole = result !== -ENOSPC && logTrueSizeBytes <= size;
    if (whole || size >= LARGEST_LOG_SIZE) return { result, log: decodeCString(buffer) };
    // A program that loaded although its log was cut need not be loaded again for the rest.
    if (result >= 0) return { result, log: decodeCString(buffer) };
    size = Math.min(Math.max(size * 4, logTrueSizeBytes + 1), LARGEST_LOG_SIZE);
  }
}

function loadArguments(input: ProgramLoadInput): ProgramLoadArguments {
  const { program, attach, btfFd } = input;
  const { section } = program;
  if (program.type === BPF_PROG_TYPE_UNSPEC) {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Cannot load program "${program.name}": section "${program.spec.sectionName}" says no program type; name the section after one or set the type`,
    );
  }
  // One link for all places of a static probe; the program must be loaded for that.
  if (section.attachHook === "usdt" && program.expectedAttachType === 0 && haveUprobeMultiLink()) {
    program.expectedAttachType = BPF_TRACE_UPROBE_MULTI;
  }
  const dropAttachType =
    section.attachTypeOptional && program.expectedAttachType !== 0 && !haveExpectedAttachType();
  const withInfo = btfFd >= 0 && haveBtfFunctions();
  return {
    type: program.type,
    ...(haveObjectNames() ? { name: program.name } : {}),
    instructions: program.instructions,
    license: input.license,
    kernelVersion: input.kernelVersion,
    flags: program.flags | sectionFlags(program),
    ifindex: program.ifindex,
    expectedAttachType: dropAttachType ? 0 : program.expectedAttachType,
    attachBtfId: attach.typeId,
    attachFd: attach.fd,
    ...(input.fdArray === undefined ? {} : { fdArray: input.fdArray }),
    ...(withInfo ? debugInfo(program.spec, btfFd, input.functionTypes) : {}),
    ...input.overrides,
  };
}

/** Flags of the load that the section of a program asks for. */
export function sectionFlags({ section, type }: BpfProgram): number {
  const frags = section.xdpFrags && type === BPF_PROG_TYPE_XDP;
  return (section.sleepable ? BPF_F_SLEEPABLE : 0) | (frags ? BPF_F_XDP_HAS_FRAGS : 0);
}

/** Func info and line info as the kernel reads them. */
export interface DebugRecords {
  readonly functions: Uint8Array;
  readonly lines: Uint8Array;
}

function debugInfo(
  spec: ProgramSpec,
  btfFd: number,
  functionTypes: ReadonlyMap<number, number> | undefined,
): Partial<ProgramLoadArguments> {
  const { functions, lines } = debugRecords(spec, functionTypes);
  return {
    btfFd,
    ...(functions.length > 0 ? { functionInfo: functions } : {}),
    ...(lines.length > 0 ? { lineInfo: lines } : {}),
  };
}

/**
 * @param functionTypes ids of functions in the loaded BTF where they are not those of the spec
 */
export function debugRecords(spec: ProgramSpec, functionTypes?: ReadonlyMap<number, number>): DebugRecords {
  const littleEndian = machineIsLittleEndian();
  const functions = new DataView(new ArrayBuffer(spec.functions.length * FUNCTION_INFO_SIZE));
  spec.functions.forEach(({ instructionIndex, typeId }, index) => {
    functions.setUint32(index * FUNCTION_INFO_SIZE, instructionIndex, littleEndian);
    functions.setUint32(index * FUNCTION_INFO_SIZE + 4, functionTypes?.get(typeId) ?? typeId, littleEndian);
  });
  const lines = new DataView(new ArrayBuffer(spec.lines.length * LINE_INFO_SIZE));
  spec.lines.forEach(({ instructionIndex, fileNameOffset, lineOffset, lineColumn }, index) => {
    [instructionIndex, fileNameOffset, lineOffset, lineColumn].forEach((field, position) => {
      lines.setUint32(index * LINE_INFO_SIZE + position * 4, field, littleEndian);
    });
  });
  return { functions: new Uint8Array(functions.buffer), lines: new Uint8Array(lines.buffer) };
}
