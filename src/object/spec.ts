import type { Btf, BtfExt } from "../btf/index.ts";

/** Everything an object file says, before the kernel is asked anything. Made by `parseObject`. */
export interface ObjectSpec {
  /** Name given by the caller, or the default. Limited to what the kernel accepts in names. */
  readonly name: string;
  /** Content of the `license` section, "" when there is none. */
  readonly license: string;
  /** Content of the `version` section, 0 when there is none. */
  readonly kernelVersion: number;
  readonly littleEndian: boolean;
  readonly btf: Btf | undefined;
  readonly btfExt: BtfExt | undefined;
  readonly programs: readonly ProgramSpec[];
  readonly maps: readonly MapSpec[];
  readonly externs: readonly ExternSpec[];
}

/** What a section name says about the programs in it. */
export interface SectionKind {
  /** The definition's name as documented for libbpf, such as `kprobe+`; "" when nothing matched. */
  readonly name: string;
  readonly programType: number;
  /** `undefined` when the kind has no attach type. */
  readonly expectedAttachType: number | undefined;
  /** The attach type may be left out on kernels that do not know it yet. */
  readonly attachTypeOptional: boolean;
  readonly sleepable: boolean;
  readonly xdpFrags: boolean;
  /** The target is a kernel function or type that has to be found in BTF. */
  readonly needsAttachBtf: boolean;
  /** The program can be attached from what its section says. */
  readonly autoAttach: boolean;
  /** Which file of the link layer attaches it, such as `kprobe`; "" when it cannot be attached. */
  readonly attachHook: string;
}

/** A section kind together with the part of the section name after the `/`. */
export interface MatchedSection extends SectionKind {
  readonly target: string | undefined;
}

/** One program, linked: its own function followed by every subprogram that it reaches. */
export interface ProgramSpec {
  readonly name: string;
  /** As in the ELF file, a leading `?` included. */
  readonly sectionName: string;
  readonly section: MatchedSection;
  /** False when the section name starts with `?`. */
  readonly autoload: boolean;
  readonly autoattach: boolean;
  /** Calls between functions are already relative; byte order is the object's. */
  readonly instructions: Uint8Array;
  /** The functions that {@link instructions} consist of: the program's own first. */
  readonly layout: readonly PlacedFunction[];
  /** What is still symbolic in {@link instructions}, in the order of the instructions. */
  readonly references: readonly Reference[];
  readonly functions: readonly FunctionInfo[];
  readonly lines: readonly LineInfo[];
  readonly coreRelocations: readonly CoreRelocation[];
}

/** A place in the instructions that the loader has to fill in. */
export type Reference = MapReference | ExternReference;

/** `ldimm64` that loads a map, or the address of a value in it when `valueOffset` is given. */
export interface MapReference {
  readonly instructionIndex: number;
  readonly kind: "map";
  /** {@link MapSpec.name} */
  readonly map: string;
  /** Byte offset into the map's first value: `BPF_PSEUDO_MAP_VALUE`. */
  readonly valueOffset?: number;
}

/** `ldimm64` or call that refers to an extern. */
export interface ExternReference {
  readonly instructionIndex: number;
  /** `kfunc` is a call; the other two are `ldimm64`. A kfunc's address is a `ksym`. */
  readonly kind: "kconfig" | "ksym" | "kfunc";
  /** {@link ExternSpec.name} */
  readonly extern: string;
}

/** A function of the object at its place in a program. */
export interface PlacedFunction {
  readonly name: string;
  readonly sectionIndex: number;
  /** First instruction in the section. */
  readonly slot: number;
  /** First instruction in the program. */
  readonly start: number;
  readonly slots: number;
}

/** Entry of the kernel's func info. */
export interface FunctionInfo {
  readonly instructionIndex: number;
  readonly name: string;
  /** BTF id of the FUNC type. */
  readonly typeId: number;
}

/** Entry of the kernel's line info; offsets are into the BTF string section. */
export interface LineInfo {
  readonly instructionIndex: number;
  readonly fileNameOffset: number;
  readonly lineOffset: number;
  /** Line number << 10 | column. */
  readonly lineColumn: number;
}

/** CO-RE relocation of one instruction. */
export interface CoreRelocation {
  readonly instructionIndex: number;
  readonly typeId: number;
  readonly accessString: string;
  /** BPF_CORE_* relocation kind. */
  readonly kind: number;
}

/** Where a map is pinned. */
export type Pinning = "none" | "by-name";

/** Entry of an array of maps or of programs that is filled in when the object is loaded. */
export interface MapValue {
  readonly slot: number;
  readonly kind: "map" | "program";
  readonly name: string;
}

/** Blueprint of a map. */
export interface MapSpec {
  /** Variable name, or the section name of an internal map (`.rodata`). */
  readonly name: string;
  /** Name in the kernel, at most 15 bytes. */
  readonly kernelName: string;
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  /** BPF_F_* of map creation. */
  readonly flags: number;
  readonly numaNode: number | undefined;
  readonly mapExtra: bigint;
  readonly pinning: Pinning;
  /** BTF ids, 0 when unknown. */
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  /** Template of the maps in a map of maps. */
  readonly innerMap?: MapSpec;
  readonly values?: readonly MapValue[];
  readonly internal?: InternalMap;
  /** Global variables in an arena. */
  readonly arena?: ArenaVariables;
  readonly structOps?: StructOps;
}

/** Global variables of one section. */
export interface ArenaVariables {
  readonly section: string;
  /** Initial content; as long as the map's value in an internal map. */
  readonly contents: Uint8Array;
  readonly datasecTypeId: number | undefined;
  readonly variables: readonly VariableSpec[];
}

/** What makes a map an internal one: it holds global variables and nothing else. */
export interface InternalMap extends ArenaVariables {
  readonly kind: "rodata" | "data" | "bss" | "kconfig";
}

/** Global variable in an internal map or an arena. */
export interface VariableSpec {
  readonly name: string;
  /** BTF id of the variable's type, 0 when the object has no BTF for it. */
  readonly typeId: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** False for a `static` variable. */
  readonly global: boolean;
  readonly weak: boolean;
}

/** What a struct_ops map implements. */
export interface StructOps {
  /** Name of the kernel's struct, such as `tcp_congestion_ops`. */
  readonly typeName: string;
  /** BTF id in the object of the struct. */
  readonly typeId: number;
  readonly section: string;
  /** Initial content of the struct; function pointers are zero here. */
  readonly contents: Uint8Array;
  /** Program that a function pointer member refers to. */
  readonly programs: readonly { readonly offsetBytes: number; readonly program: string }[];
}

/** Something the object expects from the kernel or its configuration. */
export interface ExternSpec {
  readonly name: string;
  readonly kind: "kconfig" | "ksym" | "kfunc";
  /** BTF id of the VAR's type or of the FUNC. A `void` ksym has the id of void (possibly const): 0 after modifiers. */
  readonly typeId: number;
  readonly weak: boolean;
  /** Size of a kconfig value, 0 for the others. */
  readonly sizeBytes: number;
  /** Place of a kconfig value in the `.kconfig` map. */
  readonly offsetBytes?: number;
}
