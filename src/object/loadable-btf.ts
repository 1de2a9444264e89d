import { type Btf, type BtfType, type NewBtfType, replaceTypes } from "../btf/index.ts";
import type { ObjectSpec } from "./spec.ts";

/** Size of the stand-in for an extern in `.ksyms`; the kernel only wants a size that matches its type. */
const STAND_IN_SIZE = 4;

/**
 * The object's BTF in the form that `BPF_BTF_LOAD` accepts: externs become allocated variables, as libbpf 1.8
 * does it. Ids and string offsets stay, a variable may be added at the end. Sanitize it for old kernels after this.
 *
 * @returns `undefined` when the object has no BTF.
 */
export function loadableBtf(spec: ObjectSpec): Btf | undefined {
  const { btf } = spec;
  if (btf === undefined || spec.externs.length === 0) return btf;
  const replacements = new Map<number, NewBtfType>();
  const added: NewBtfType[] = [];
  placeKconfig(btf, spec, replacements);
  placeKsyms(btf, replacements, added);
  return replaceTypes(btf, replacements, added);
}

function datasec(btf: Btf, name: string): Extract<BtfType, { kind: "datasec" }> | undefined {
  const id = btf.find(name, "datasec");
  const type = id === undefined ? undefined : btf.type(id);
  return type?.kind === "datasec" ? type : undefined;
}

function placeKconfig(btf: Btf, spec: ObjectSpec, replacements: Map<number, NewBtfType>): void {
  const section = datasec(btf, ".kconfig");
  if (section === undefined) return;
  const offsets = new Map(spec.externs.map(({ name, offsetBytes }) => [name, offsetBytes ?? 0]));
  const map = spec.maps.find(({ name }) => name === ".kconfig");
  const variables = section.variables.flatMap((entry) => {
    const variable = btf.type(entry.type);
    // An extern that is declared but never used has no symbol and no place.
    if (variable.kind !== "var" || !offsets.has(variable.name)) return [];
    replacements.set(variable.id, { ...variable, linkage: "global" });
    return [{ ...entry, offsetBytes: offsets.get(variable.name) ?? 0 }];
  });
  variables.sort((a, b) => a.offsetBytes - b.offsetBytes);
  replacements.set(section.id, { ...section, sizeBytes: map?.valueSizeBytes ?? 0, variables });
}

function placeKsyms(btf: Btf, replacements: Map<number, NewBtfType>, added: NewBtfType[]): void {
  const section = datasec(btf, ".ksyms");
  if (section === undefined) return;
  const int = standInType(btf, added);
  let standIn: number | undefined;
  const variables = section.variables.map((entry, index) => {
    const place = { offsetBytes: index * STAND_IN_SIZE, sizeBytes: STAND_IN_SIZE };
    const type = btf.type(entry.type);
    if (type.kind !== "func") {
      if (type.kind === "var") replacements.set(type.id, { ...type, type: int, linkage: "global" });
      return { ...entry, ...place };
    }
    // A section holds variables only, so one variable stands for all functions.
    standIn ??=
      btf.typeCount + added.push({ kind: "var", name: "dummy_ksym", type: int, linkage: "global" }) - 1;
    replacements.set(type.id, { ...type, linkage: "global" });
    nameParameters(btf, type.type, replacements);
    return { type: standIn, ...place };
  });
  replacements.set(section.id, { ...section, sizeBytes: variables.length * STAND_IN_SIZE, variables });
}

/** Id of a 4-byte integer, added when the object has none. */
function standInType(btf: Btf, added: NewBtfType[]): number {
  for (const type of btf.types()) {
    if (type.kind === "int" && type.sizeBytes === STAND_IN_SIZE && type.bits === 32) return type.id;
  }
  const shape = { sizeBytes: STAND_IN_SIZE, signed: true, char: false, bool: false, offsetBits: 0, bits: 32 };
  return btf.typeCount + added.push({ kind: "int", name: "int", ...shape }) - 1;
}

/** The kernel wants names for the parameters of a global function; the compiler leaves them out in declarations. */
function nameParameters(btf: Btf, prototypeId: number, replacements: Map<number, NewBtfType>): void {
  const prototype = btf.type(prototypeId);
  if (prototype.kind !== "func_proto") return;
  const parameters = prototype.parameters.map((parameter) =>
    parameter.type !== 0 && parameter.name === "" ? { ...parameter, name: "dummy_ksym" } : parameter,
  );
  replacements.set(prototype.id, { ...prototype, parameters });
}
