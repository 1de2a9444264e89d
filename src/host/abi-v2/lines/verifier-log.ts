import { libbpfRelocationText } from "../../../btf/index.ts";
import type { BpfProgram } from "../../../ebpf/index.ts";
import type { GuestObject } from "../guest-object.ts";
import { mapName } from "./names.ts";

const POISON_CORE = 195896080;
const POISON_MAP = 2001000000;
const POISON_KFUNC = 2002000000;

/** The verifier's log with libbpf's words where it stopped at what could not be relocated. */
export function explainedLog(owner: GuestObject, program: BpfProgram, log: string): string {
  const match = /^(\d+): \(\d+\) call unknown#(\d+)\ninvalid func unknown#\2\n/m.exec(log);
  if (match === null) return log;
  const [found, instruction, helper] = match;
  const words = missingThing(owner, program, Number(instruction), Number(helper));
  return words === undefined ? log : log.replace(found, () => `${instruction}: ${words}\n`);
}

function missingThing(
  owner: GuestObject,
  program: BpfProgram,
  instruction: number,
  helper: number,
): string | undefined {
  if (helper === POISON_CORE) {
    const relocation = program.spec.coreRelocations.find(
      ({ instructionIndex }) => instructionIndex === instruction,
    );
    const { btf } = owner.object.spec;
    return relocation === undefined || btf === undefined
      ? undefined
      : `<invalid CO-RE relocation>\nfailed to resolve CO-RE relocation ${libbpfRelocationText(btf, relocation)}`;
  }
  const map = [...owner.object.maps.values()][helper - POISON_MAP];
  if (map !== undefined) {
    return `<invalid BPF map reference>\nBPF map '${mapName(map)}' is referenced but wasn't created`;
  }
  const extern = owner.object.spec.externs[helper - POISON_KFUNC];
  if (extern === undefined) return undefined;
  return `<invalid kfunc call>\nkfunc '${extern.name}' is referenced but wasn't resolved`;
}

export function quotedLog(log: string): string {
  const lines = log.endsWith("\n") || log === "" ? log : `${log}\n`;
  return `-- BEGIN PROG LOAD LOG --\n${lines}-- END PROG LOAD LOG --`;
}
