import { INSTRUCTION_SIZE } from "../../../asm/index.ts";
import { type Btf, LibbpfCoreLines } from "../../../btf/index.ts";
import type { BpfObject } from "../../../ebpf/index.ts";
import type { ElfFile } from "../../../elf/index.ts";
import { machineIsLittleEndian, moduleNames } from "../../../kernel/index.ts";
import type { GuestLog } from "../log.ts";
import { LOG_DEBUG, LOG_WARNING } from "../log.ts";
import { functionsOf } from "./names.ts";

/**
 * What libbpf says while it does the CO-RE relocations of an object's programs. It does those of a subprogram once,
 * before that becomes part of programs, in the order of the file.
 *
 * @param targets the types of the kernel, then those of its modules, or the types given instead
 * @returns false when libbpf stops at one of them, after it has said why
 */
export function sayCoreRelocations(
  log: GuestLog,
  { spec, programs }: BpfObject,
  file: ElfFile,
  targets: readonly (() => Btf)[],
): boolean {
  const { btf: local, btfExt } = spec;
  if (local === undefined || btfExt === undefined || btfExt.coreRelocations.size === 0) return true;
  const scope = { local, targets, littleEndian: machineIsLittleEndian() };
  const lines = new LibbpfCoreLines(scope, ["vmlinux", ...moduleNames()], (level, text) =>
    log.write(level === "debug" ? LOG_DEBUG : LOG_WARNING, text),
  );
  const functions = functionsOf(file);
  for (const [name, relocations] of btfExt.coreRelocations) {
    log.write(LOG_DEBUG, `sec '${name}': found ${relocations.length} CO-RE relocations`);
    const section = file.section(name);
    if (section === undefined) continue;
    for (const [number, { offsetBytes, typeId, accessString, kind }] of relocations.entries()) {
      const index = Math.floor(offsetBytes / INSTRUCTION_SIZE);
      const at = index * INSTRUCTION_SIZE;
      const code = functions.find(
        ({ sectionIndex, value, size }) =>
          sectionIndex === section.index && at >= value && at + INSTRUCTION_SIZE <= value + size,
      );
      if (code === undefined) {
        const skipped = `skipping CO-RE relocation #${number} for insn #${index}`;
        log.write(LOG_DEBUG, `sec '${name}': ${skipped} belonging to eliminated weak subprogram`);
        continue;
      }
      if (programs.get(code.name)?.autoload === false) continue;
      const { buffer, byteOffset } = section.data;
      const went = lines.tell({
        functionName: code.name,
        number,
        instructionIndex: (at - code.value) / INSTRUCTION_SIZE,
        instruction: new DataView(buffer, byteOffset + at, Math.min(16, section.data.length - at)),
        typeId,
        accessString,
        kind,
      });
      if (!went) return false;
    }
  }
  return true;
}
