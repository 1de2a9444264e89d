import {
  type Btf,
  type BtfExtProblem,
  type BtfProblem,
  findBtfExtProblem,
  findBtfProblem,
} from "../../../btf/index.ts";
import { machineIsLittleEndian } from "../../../kernel/index.ts";
import { EINVAL, EOPNOTSUPP } from "../../../uapi/errno.ts";
import type { GuestLog } from "../log.ts";
import { LOG_DEBUG, LOG_WARNING } from "../log.ts";

/**
 * Says what libbpf says of types that it refuses.
 *
 * @param base what they go on from
 * @returns whether it refuses them
 */
export function sayBtfProblem(log: GuestLog, bytes: Uint8Array, base?: Btf): boolean {
  const problem = findBtfProblem(bytes, machineIsLittleEndian(), base);
  if (problem === undefined) return false;
  log.write(isWarning(problem) ? LOG_WARNING : LOG_DEBUG, problemText(problem));
  return true;
}

function isWarning({ kind }: BtfProblem): boolean {
  switch (kind) {
    case "short header of the other order":
    case "type cut off":
    case "types cut off":
    case "name":
    case "reference":
    case "no prototype":
      return true;
    default:
      return false;
  }
}

function problemText(problem: BtfProblem): string {
  switch (problem.kind) {
    case "no header":
      return "BTF header not found";
    case "magic":
      return `Invalid BTF magic: ${problem.magic.toString(16)}`;
    case "short header of the other order":
      return `Can't load BTF with non-native endianness due to unsupported header length ${problem.headerBytes}`;
    case "header past the end":
      return `BTF header len ${problem.headerBytes} larger than data size ${problem.bytes}`;
    case "strings past the end":
      return `Invalid BTF total size: ${problem.bytes}`;
    case "types past the strings": {
      const { types, strings } = problem;
      const typesPlace = `type data at ${types.offsetBytes} + ${types.sizeBytes}`;
      const stringsPlace = `strings data at ${strings.offsetBytes} + ${strings.sizeBytes}`;
      return `Invalid BTF data sections layout: ${typesPlace}, ${stringsPlace}`;
    }
    case "types not aligned":
      return "BTF type section is not aligned to 4 bytes";
    case "strings without end":
      return "Invalid BTF string section";
    case "strings of a split":
      return "Malformed BTF string section, did you forget to provide base BTF?";
    case "unknown kind":
      return `Unsupported BTF_KIND: ${problem.typeKind}`;
    case "type cut off":
      return `BTF type [${problem.typeId}] is malformed`;
    case "types cut off":
      return "BTF types data is malformed";
    case "name": {
      const { typeId, of, offset } = problem;
      return `btf: type [${typeId}]: invalid ${of} name (string offset ${offset})`;
    }
    case "reference":
      return `btf: type [${problem.typeId}]: invalid referenced type ID ${problem.target}`;
    case "no prototype":
      return `btf: type [${problem.typeId}]: referenced type [${problem.target}] is not FUNC_PROTO`;
  }
}

/**
 * Says what libbpf says of the records beside an object's types when it does without them.
 *
 * @returns errno, `undefined` for records that it takes
 */
export function sayBtfExtProblem(log: GuestLog, bytes: Uint8Array): number | undefined {
  const problem = findBtfExtProblem(bytes, machineIsLittleEndian());
  if (problem === undefined) return undefined;
  const isWarning = problem.kind === "header without records";
  log.write(isWarning ? LOG_WARNING : LOG_DEBUG, extProblemText(problem));
  return problem.kind === "version" || problem.kind === "flags" ? EOPNOTSUPP : EINVAL;
}

function extProblemText(problem: BtfExtProblem): string {
  switch (problem.kind) {
    case "short header":
      return "BTF.ext header too short";
    case "magic":
      return `Invalid BTF.ext magic:${problem.magic.toString(16)}`;
    case "version":
      return `Unsupported BTF.ext version:${problem.version}`;
    case "flags":
      return `Unsupported BTF.ext flags:${problem.flags.toString(16)}`;
    case "no header":
      return "BTF.ext header not found";
    case "no data":
      return "BTF.ext has no data";
    case "header without records":
      return "BTF.ext header missing func_info, line_info";
    case "not aligned":
      return `.BTF.ext ${problem.of} section is not aligned to 4 bytes`;
    case "past the end": {
      const { of, at, sizeBytes } = problem;
      return `${of} section (off:${at} len:${sizeBytes}) is beyond the end of the ELF section .BTF.ext`;
    }
    case "no record size":
      return `.BTF.ext ${problem.of} record size not found`;
    case "record size":
      return `${problem.of} section in .BTF.ext has invalid record size ${problem.sizeBytes}`;
    case "no records":
      return `${problem.of} section in .BTF.ext has no records`;
    case "no group":
      return `${problem.of} section header is not found in .BTF.ext`;
    case "record count":
      return `${problem.of} section has incorrect num_records in .BTF.ext`;
  }
}

/** The kernel's types cannot be had. */
export function sayNoKernelBtf(log: GuestLog): void {
  log.write(
    LOG_WARNING,
    "kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?",
  );
  log.write(LOG_WARNING, "failed to find valid kernel BTF");
}
