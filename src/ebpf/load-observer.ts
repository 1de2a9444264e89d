import type { Btf } from "../btf/index.ts";
import type { ExternSpec } from "../object/index.ts";
import type { ResolvedKsym } from "./ksyms.ts";
import type { BpfMap } from "./map.ts";
import type { BpfProgram } from "./program.ts";

/** A member of a struct_ops map's struct. */
export interface StructOpsMember {
  readonly name: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Offset in the kernel's struct; `undefined` when that has no such member. */
  readonly kernelOffsetBytes: number | undefined;
  /** What a pointer to a function points to. */
  readonly program: string | undefined;
}

/** Is told what happens while an object is loaded, in the order in which it does. */
export interface LoadObserver {
  /** The struct of a struct_ops map was found in the kernel. @param typeId the kernel's type */
  structOpsFound?(map: BpfMap, typeId: number, valueTypeId: number): void;
  /** A member of the struct has its place in the kernel's, or is left out. */
  structOpsMember?(map: BpfMap, member: StructOpsMember): void;
  /** A value of the kernel's configuration was found. @param value as the configuration has it, or a number */
  kconfigResolved?(extern: ExternSpec, value: string | bigint): void;
  /** A kernel symbol was found. */
  ksymResolved?(extern: ExternSpec, found: ResolvedKsym): void;
  /** The programs are about to be adapted to these types: the kernel's and its modules', or those given instead. */
  adapting?(targets: readonly (() => Btf)[]): void;
  /** The map was created, or taken from its pin or from a descriptor that was given. */
  mapReady?(map: BpfMap, how: "created" | "pinned" | "given"): void;
  /** The map was left out, since `autocreate` is off or this kernel has no such maps. */
  mapSkipped?(map: BpfMap): void;
  /** The kernel refused the types of the map's key and value; it is created without. */
  mapUntyped?(map: BpfMap, errno: number): void;
  /** The map could not be created, filled or pinned; the load fails. */
  mapRefused?(map: BpfMap, error: unknown): void;
  /** The map was pinned. */
  mapPinned?(map: BpfMap): void;
  /** The map's pin is removed, since the load fails. */
  mapUnpinned?(map: BpfMap): void;
  /** An entry of a map could not be set; the load fails. */
  slotRefused?(map: BpfMap, slot: number, wanted: BpfMap | BpfProgram): void;
  /** An entry of a map has got the map or program that the object wants there. */
  slotFilled?(map: BpfMap, slot: number, filled: BpfMap | BpfProgram): void;
  /** A program is about to be loaded. */
  programLoading?(program: BpfProgram): void;
  programLoaded?(program: BpfProgram): void;
  /** All programs that are to be loaded are. */
  programsLoaded?(): void;
  /** The kernel refused the program; the load fails. @param log the whole log of the verifier, "" for none */
  programRefused?(program: BpfProgram, errno: number, log: string): void;
}
