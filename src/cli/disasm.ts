import { decodeInstructions, disassemble, slotCount } from "../asm/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import {
  helperName,
  type ObjectSpec,
  type ProgramSpec,
  parseObject,
  type Reference,
} from "../object/index.ts";
import { BPF_PSEUDO_CALL } from "../uapi/bpf.ts";
import { runCommand } from "./command.ts";
import { printable } from "./format.ts";
import { aboutFile } from "./input-file.ts";
import { readObjects } from "./read-objects.ts";
import { writeOutput } from "./verb.ts";

/** `wasm-bpf disasm ...` */
export function runDisasm(args: readonly string[]): Promise<number> {
  return runCommand("disasm", args, async (line) => {
    const [file = "", name] = line.atMost(2, 1, "which object file?");
    const specs = readObjects(file).map((object) => aboutFile(object.name, () => parseObject(object.bytes)));
    const listings = aboutFile(file, () => chosenPrograms(specs, name));
    const text = line.has("json") ? formatJson(listings) : listings.map(formatListing).join("\n");
    await writeOutput(printable(text));
    return 0;
  });
}

function chosenPrograms(specs: readonly ObjectSpec[], name: string | undefined): ProgramListing[] {
  const listings = specs.flatMap((spec) =>
    spec.programs
      .filter((program) => name === undefined || program.name === name)
      .map((program) => programListing(spec, program)),
  );
  if (listings.length > 0) return listings;
  const known = specs.flatMap(({ programs }) => programs.map((program) => program.name)).join(", ");
  throw new WasmBpfError("NOT_FOUND", `no program ${name ?? ""}; it has: ${known === "" ? "none" : known}`);
}

/** One program, ready to be printed. */
interface ProgramListing {
  readonly program: string;
  readonly section: string;
  readonly slots: number;
  readonly instructions: readonly ListedInstruction[];
}

interface ListedInstruction {
  readonly slot: number;
  /** Function that starts here. */
  readonly function?: string;
  /** Source line that starts here. */
  readonly source?: string;
  readonly text: string;
}

function programListing(spec: ObjectSpec, program: ProgramSpec): ProgramListing {
  const symbols = new Map([...callSymbols(spec, program), ...referenceSymbols(spec, program)]);
  const functions = new Map(program.functions.map(({ instructionIndex, name }) => [instructionIndex, name]));
  const sources = new Map(program.lines.map((line) => [line.instructionIndex, sourceLine(spec, line)]));
  let source = "";
  const lines = disassemble(program.instructions, spec.littleEndian, {
    symbolAt: (slot) => symbols.get(slot),
  });
  const instructions = lines.map((text): ListedInstruction => {
    const slot = Number.parseInt(text, 10);
    const name = functions.get(slot);
    const next = sources.get(slot);
    const moved = next !== undefined && next !== source;
    if (moved) source = next;
    return {
      slot,
      ...(name === undefined ? {} : { function: name }),
      ...(moved ? { source } : {}),
      text,
    };
  });
  return {
    program: program.name,
    section: program.sectionName,
    slots: program.instructions.length / 8,
    instructions,
  };
}

/** A heading, and for each function its name and its instructions with their source lines. */
function formatListing({ program, section, slots, instructions }: ProgramListing): string {
  const lines = [`program ${program}, section "${section}", ${slots} instructions`];
  for (const instruction of instructions) {
    if (instruction.function !== undefined) lines.push(`${instruction.function}:`);
    if (instruction.source !== undefined) lines.push(`; ${instruction.source}`);
    lines.push(instruction.text);
  }
  return `${lines.join("\n")}\n`;
}

function formatJson(listings: readonly ProgramListing[]): string {
  const programs = listings.map((listing) => ({
    ...listing,
    instructions: listing.instructions.map(({ text, ...rest }) => ({
      ...rest,
      text: text.replace(/^ *\d+: */, ""),
    })),
  }));
  return `${JSON.stringify({ programs }, undefined, 2)}\n`;
}

/** Text of a source line and its place, as one line. */
function sourceLine(spec: ObjectSpec, line: ProgramSpec["lines"][number]): string {
  const text = spec.btf?.string(line.lineOffset).trim() ?? "";
  const file = spec.btf?.string(line.fileNameOffset) ?? "";
  const place = `${file.slice(file.lastIndexOf("/") + 1)}:${line.lineColumn >>> 10}`;
  return `${text === "" ? "" : `${text} `}@ ${place}`.replaceAll("\n", "?");
}

/** Names of called helpers and subprograms, by slot. */
function callSymbols(spec: ObjectSpec, program: ProgramSpec): Map<number, string> {
  const functions = new Map(program.functions.map(({ instructionIndex, name }) => [instructionIndex, name]));
  const symbols = new Map<number, string>();
  let slot = 0;
  for (const instruction of decodeInstructions(program.instructions, spec.littleEndian)) {
    if (instruction.opcode === 0x85) {
      const name =
        instruction.src === BPF_PSEUDO_CALL
          ? functions.get(slot + 1 + instruction.imm)
          : instruction.src === 0
            ? helperName(instruction.imm)
            : undefined;
      if (name !== undefined) symbols.set(slot, name);
    }
    slot += slotCount(instruction);
  }
  return symbols;
}

/** Names behind what the loader fills in, and CO-RE accesses, by slot. */
function referenceSymbols(spec: ObjectSpec, program: ProgramSpec): Map<number, string> {
  const symbols = new Map<number, string>();
  for (const relocation of program.coreRelocations) {
    const type = spec.btf?.name(relocation.typeId) ?? "";
    symbols.set(relocation.instructionIndex, `CO-RE ${type} ${relocation.accessString}`);
  }
  for (const reference of program.references) {
    symbols.set(reference.instructionIndex, describeReference(spec, reference));
  }
  return symbols;
}

function describeReference(spec: ObjectSpec, reference: Reference): string {
  if (reference.kind !== "map") return `${reference.kind} ${reference.extern}`;
  const { map, valueOffset } = reference;
  if (valueOffset === undefined) return `map ${map}`;
  const variables = spec.maps.find(({ name }) => name === map)?.internal?.variables ?? [];
  const variable = variables.find(
    ({ offsetBytes, sizeBytes }) => valueOffset >= offsetBytes && valueOffset < offsetBytes + sizeBytes,
  );
  if (variable === undefined) return `${map}+${valueOffset}`;
  const inside = valueOffset - variable.offsetBytes;
  return `${map} ${variable.name}${inside === 0 ? "" : `+${inside}`}`;
}
