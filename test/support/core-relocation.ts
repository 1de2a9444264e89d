import { type Btf, type CoreFailure, type NewBtfType, relocateCore } from "../../src/btf/index.ts";
import { btfOf, int, member, struct } from "./btf-sample.ts";

/** Opcodes. */
export const LDX_W = 0x61;
export const LDX_DW = 0x79;
export const MOV64_K = 0xb7;
export const MOV64_X = 0xbf;
export const LDIMM64 = 0x18;

/** The instruction afterwards. */
export interface Outcome {
  readonly opcode: number;
  readonly offset: number;
  readonly immediate: number;
  /** Immediate of both halves. */
  readonly wide: bigint;
  readonly failures: CoreFailure[];
}

/** A relocation, of a `MOV64_K` unless `opcode` says otherwise, with the access "0". */
export interface Case {
  readonly local: Btf;
  readonly target?: Btf;
  readonly modules?: readonly Btf[];
  readonly typeId: number;
  readonly access?: string;
  readonly kind: number;
  readonly opcode?: number;
  readonly offset?: number;
  readonly immediate?: number;
  readonly littleEndian?: boolean;
}

/** Relocates one instruction that holds `offset` and `immediate`. */
export function relocate(input: Case): Outcome {
  const { local, target = local, typeId, access = "0", kind, opcode = MOV64_K } = input;
  const littleEndian = input.littleEndian ?? true;
  const instructions = new Uint8Array(16);
  const view = new DataView(instructions.buffer);
  view.setUint8(0, opcode);
  view.setInt16(2, input.offset ?? 0, littleEndian);
  view.setInt32(4, input.immediate ?? 0, littleEndian);
  const { failures } = relocateCore({
    programName: "test",
    instructions,
    relocations: [{ instructionIndex: 0, typeId, accessString: access, kind }],
    local,
    targets: [target, ...(input.modules ?? [])].map((btf) => () => btf),
    littleEndian,
  });
  return {
    opcode: view.getUint8(0),
    offset: view.getInt16(2, littleEndian),
    immediate: view.getInt32(4, littleEndian),
    wide: (BigInt(view.getUint32(12, littleEndian)) << 32n) | BigInt(view.getUint32(4, littleEndian)),
    failures,
  };
}

/** Ids of the types of BASE. */
export const INT = 1;
export const LONG = 2;
export const CHAR = 3;
export const UNSIGNED = 4;
const ARRAY = 5;
const FLEXIBLE = 6;
export const POINTER = 7;
const BASE: readonly NewBtfType[] = [
  int("int", 4),
  int("long", 8, false),
  int("char", 1),
  int("unsigned int", 4, false),
  { kind: "array", elementType: 1, indexType: 1, length: 4 },
  { kind: "array", elementType: 2, indexType: 1, length: 0 },
  { kind: "ptr", type: 0 },
];
/** Id of the first type after BASE. */
export const RECORD: number = BASE.length + 1;

/** Types of BASE, then `types` from id 8 on. */
export function btf(...types: readonly NewBtfType[]): Btf {
  return btfOf([...BASE, ...types]);
}

/** What a program knows of `struct record`, with a flavor. */
export const LOCAL: Btf = btf(
  struct("record___mine", 32, [
    member("a", INT, 0),
    member("b", LONG, 64),
    member("list", ARRAY, 128),
    member("", RECORD + 1, 256),
    member("tail", FLEXIBLE, 320),
  ]),
  { kind: "union", name: "", sizeBytes: 8, members: [member("u", INT, 0), member("v", POINTER, 0)] },
);

/** The kernel's `struct record`: members elsewhere, some in other unnamed ones. */
export const TARGET: Btf = btf(
  struct("record", 80, [
    member("pad", LONG, 0),
    member("", RECORD + 1, 64),
    member("a", INT, 128),
    member("b", LONG, 192),
    member("list", ARRAY, 256),
    member("more", LONG, 384),
    member("tail", FLEXIBLE, 448),
  ]),
  { kind: "union", name: "", sizeBytes: 8, members: [member("", RECORD + 2, 0)] },
  struct("", 8, [member("u", INT, 32), member("v", POINTER, 0)]),
);
