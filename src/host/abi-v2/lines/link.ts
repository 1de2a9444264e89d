import { INSTRUCTION_SIZE, OP_CALL, OP_LDIMM64 } from "../../../asm/index.ts";
import type { BpfObject, BpfProgram } from "../../../ebpf/index.ts";
import { type ElfFile, SHT_REL } from "../../../elf/index.ts";
import type { PlacedFunction } from "../../../object/index.ts";
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC } from "../../../uapi/bpf.ts";
import { mapName, type Say } from "./names.ts";

/**
 * What libbpf says while it puts programs together: the subprograms that it adds, and what it makes invalid since it
 * is not there.
 *
 * @param resolved whether an extern was found in the kernel
 */
export function sayLinked(
  say: Say,
  object: BpfObject,
  file: ElfFile,
  resolved: (extern: string) => boolean,
): void {
  const programs = [...object.programs.values()].filter(({ autoload }) => autoload);
  for (const program of programs) sayCalls(say, program, object.spec.littleEndian);
  for (const program of programs) sayMissing(say, program, object, file, resolved);
}

function sayCalls(say: Say, { name, spec }: BpfProgram, littleEndian: boolean): void {
  const { instructions, layout, references } = spec;
  const [main] = layout;
  if (main === undefined || layout.length === 1) return;
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length);
  const externCalls = new Set(
    references.filter(({ kind }) => kind === "kfunc").map((call) => call.instructionIndex),
  );
  const byStart = new Map(layout.map((part) => [part.start, part]));
  const added = new Set<PlacedFunction>();
  // Depth first; no recursion, the depth is the object's.
  const stack: { readonly part: PlacedFunction; slot: number }[] = [];
  const enter = (part: PlacedFunction): void => {
    if (part !== main) say(`prog '${name}': added ${part.slots} insns from sub-prog '${part.name}'`);
    added.add(part);
    stack.push({ part, slot: 0 });
  };
  // What nothing calls, such as an exception callback, comes last.
  for (const root of layout) {
    if (!added.has(root)) enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { part, slot } = top;
      if (slot >= part.slots) {
        stack.pop();
        continue;
      }
      const place = part.start + slot;
      const at = place * INSTRUCTION_SIZE;
      const opcode = view.getUint8(at);
      const registers = view.getUint8(at + 1);
      const source = littleEndian ? registers >> 4 : registers & 0xf;
      const isCall = opcode === OP_CALL && source === BPF_PSEUDO_CALL && !externCalls.has(place);
      const isAddress = opcode === OP_LDIMM64 && source === BPF_PSEUDO_FUNC;
      const distance = view.getInt32(at + 4, littleEndian);
      const target = isCall || isAddress ? byStart.get(place + distance + 1) : undefined;
      if (target !== undefined && !added.has(target)) {
        enter(target);
        continue;
      }
      if (target !== undefined) {
        const where = `subprog '${target.name}' (now at ${target.start} offset)`;
        say(`prog '${part.name}': insn #${slot} relocated, imm ${distance} points to ${where}`);
      }
      top.slot += opcode === OP_LDIMM64 ? 2 : 1;
    }
  }
}

/** References to maps that are not created and to functions that the kernel has not got. */
function sayMissing(
  say: Say,
  { name, spec }: BpfProgram,
  object: BpfObject,
  file: ElfFile,
  resolved: (extern: string) => boolean,
): void {
  const maps = [...object.maps.values()];
  const missing = spec.references.flatMap((reference) => {
    const { instructionIndex, kind } = reference;
    if (kind === "kfunc") {
      const what = `calls kfunc '${reference.extern}'`;
      return resolved(reference.extern) ? [] : [{ instructionIndex, what }];
    }
    if (kind !== "map") return [];
    const number = maps.findIndex((map) => map.name === reference.map);
    const map = maps[number];
    if (map === undefined || map.autocreate) return [];
    return [{ instructionIndex, what: `loads map #${number} '${mapName(map)}'` }];
  });
  if (missing.length === 0) return;
  const order = relocatedInstructions(spec, file);
  for (const { instructionIndex, what } of missing) {
    const number = order.indexOf(instructionIndex);
    say(`prog '${name}': relo #${number}: poisoning insn #${instructionIndex} that ${what}`);
  }
}

/** Instructions of a program by libbpf's number of what is relocated in them: those of each function by place. */
function relocatedInstructions({ layout, coreRelocations }: BpfProgram["spec"], file: ElfFile): number[] {
  return layout.flatMap(({ sectionIndex, slot, start, slots }) => {
    const tables = file.sections.filter(({ type, info }) => type === SHT_REL && info === sectionIndex);
    const places = tables
      .flatMap((table) => [...file.relocations(table)])
      .map(({ offset }) => offset / INSTRUCTION_SIZE - slot + start);
    const core = coreRelocations.map(({ instructionIndex }) => instructionIndex);
    return [...places, ...core]
      .filter((place) => place >= start && place < start + slots)
      .sort((a, b) => a - b);
  });
}
