import type { CoreOutcome } from "../btf/index.ts";
import type { BpfMap } from "./map.ts";
import type { BpfProgram } from "./program.ts";

/** Is told what happens while an object is loaded, in the order in which it does. */
export interface LoadObserver {
  /** A CO-RE relocation of the program is done. */
  coreRelocated?(program: BpfProgram, outcome: CoreOutcome): void;
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
  programLoaded?(program: BpfProgram): void;
  /** The kernel refused the program; the load fails. @param log the whole log of the verifier, "" for none */
  programRefused?(program: BpfProgram, errno: number, log: string): void;
}
