/** Most arguments that `usdt.bpf.h` reads (BPF_USDT_MAX_ARG_CNT). */
export const MAX_USDT_ARGUMENTS = 12;

/** How `usdt.bpf.h` finds one argument, by the names of its `enum __bpf_usdt_arg_type`. */
export interface UsdtArgument {
  readonly kind: "constant" | "register" | "memory" | "indexed";
  /** The constant, or what is added to the register. */
  readonly value: bigint;
  /** Offset of the register in `struct pt_regs`. */
  readonly register: number;
  /** Of indexed memory: offset of the index register and the power of two it is multiplied by. */
  readonly index: number;
  readonly scaleShift: number;
  readonly sizeBytes: number;
  readonly signed: boolean;
}

/** Machines whose argument syntax is known. */
export type UsdtMachine = "x64" | "arm64";

/** Offsets in `struct pt_regs` of x86-64; each register has up to four names by size. */
const X64_REGISTERS: Readonly<Record<string, number>> = {
  bp: 32,
  bx: 40,
  ax: 80,
  cx: 88,
  dx: 96,
  si: 104,
  di: 112,
  ip: 128,
  sp: 152,
};
/** r8 to r15. */
const X64_NUMBERED = [72, 64, 56, 48, 24, 16, 8, 0];
const ARM64_SP = 31 * 8;

function x64Register(name: string): number | undefined {
  const numbered = /^r(\d+)[dwb]?$/.exec(name);
  if (numbered !== null) return X64_NUMBERED[Number(numbered[1]) - 8];
  // rax, eax, ax, al and rsi, esi, si, sil
  const long = name.replace(/^[re](?=[a-z]{2}$)/, "").replace(/^([a-d])l$/, "$1x");
  return X64_REGISTERS[/^(si|di|bp|sp)l$/.test(long) ? long.slice(0, 2) : long];
}

function arm64Register(name: string): number | undefined {
  if (name === "sp") return ARM64_SP;
  const number = /^[xw](\d+)$/.exec(name);
  return number !== null && Number(number[1]) < 31 ? Number(number[1]) * 8 : undefined;
}

type Location = Omit<UsdtArgument, "sizeBytes" | "signed">;

function constant(text: string): Location {
  return { kind: "constant", value: integer(text), register: 0, index: 0, scaleShift: 0 };
}

/** Decimal or hexadecimal with a sign. */
function integer(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text.replace(/^\+/, ""));
}

const NUMBER = "[-+]?(?:0x[0-9a-f]+|\\d+)";
const X64_CONSTANT = new RegExp(`^\\$(${NUMBER})$`);
const X64_MEMORY = new RegExp(`^(${NUMBER})?\\(%(\\w+)(?:,%(\\w+)(?:,(\\d))?)?\\)$`);
/** A variable's address as the distance from the code: `counter(%rip)`; inside it, `8+table(%rip)` or `table+8(%rip)`. */
const X64_VARIABLE = /^(?:([-+]?\d+)\+)?([A-Za-z_.$][\w.$@]*)([-+]\d+)?\(%rip\)$/;
const ARM64_CONSTANT = new RegExp(`^#?(${NUMBER})$`);
const ARM64_MEMORY = new RegExp(`^\\[(\\w+)(?:,#?(${NUMBER}))?\\]$`);

/** Where variables are, relative to the probe; `undefined` for one that is not known. */
export type UsdtVariables = (name: string) => bigint | undefined;

function x64Location(text: string, variables: UsdtVariables): Location | undefined {
  const immediate = X64_CONSTANT.exec(text)?.[1];
  if (immediate !== undefined) return constant(immediate);
  if (text.startsWith("%")) return location("register", x64Register(text.slice(1)));
  const [, before = "0", variable, after = "0"] = X64_VARIABLE.exec(text) ?? [];
  if (variable !== undefined) {
    // The program sees the address of the probe as the instruction pointer.
    const distance = variables(variable);
    return distance === undefined
      ? undefined
      : location("memory", X64_REGISTERS.ip, distance + integer(before) + integer(after));
  }
  const [, displacement = "0", base, index, scale = "1"] = X64_MEMORY.exec(text) ?? [];
  if (base === undefined) return undefined;
  const plain = location("memory", x64Register(base), integer(displacement));
  if (index === undefined || plain === undefined) return plain;
  const indexRegister = x64Register(index);
  const scaleShift = [1, 2, 4, 8].indexOf(Number(scale));
  if (indexRegister === undefined || scaleShift < 0) return undefined;
  return { ...plain, kind: "indexed", index: indexRegister, scaleShift };
}

function arm64Location(text: string): Location | undefined {
  const immediate = ARM64_CONSTANT.exec(text)?.[1];
  if (immediate !== undefined) return constant(immediate);
  const [, base, displacement = "0"] = ARM64_MEMORY.exec(text) ?? [];
  if (base === undefined) return location("register", arm64Register(text));
  return location("memory", arm64Register(base), integer(displacement));
}

function location(
  kind: "register" | "memory",
  register: number | undefined,
  value = 0n,
): Location | undefined {
  return register === undefined ? undefined : { kind, value, register, index: 0, scaleShift: 0 };
}

/**
 * Reads where a probe's arguments are: `size@location` each, a negative size for a signed one.
 *
 * @returns the text of the first argument that cannot be read, or the arguments.
 */
export function parseUsdtArguments(
  text: string,
  machine: UsdtMachine,
  variables: UsdtVariables = () => undefined,
): readonly UsdtArgument[] | string {
  const locate =
    machine === "x64"
      ? (where: string): Location | undefined => x64Location(where, variables)
      : arm64Location;
  const result: UsdtArgument[] = [];
  // A location in brackets has spaces on some machines; a new argument starts with a size.
  for (const part of text.trim().split(/\s+(?=-?\d+\s*@)/)) {
    if (part === "") continue;
    const [, size = "", where = ""] = /^(-?[1248])\s*@\s*(.+)$/.exec(part) ?? [];
    const found = where === "" ? undefined : locate(where.replaceAll(/\s/g, ""));
    if (found === undefined) return part;
    result.push({ ...found, sizeBytes: Math.abs(Number(size)), signed: size.startsWith("-") });
  }
  return result;
}

const KIND_NUMBERS: Readonly<Record<UsdtArgument["kind"], number>> = {
  constant: 0,
  register: 1,
  memory: 2,
  indexed: 3,
};

/**
 * Size of one argument in the value of the map `__bpf_usdt_specs`. libbpf 1.7 and later can index memory and have
 * longer ones: value 0, kind 8 (1 byte), index 10 (12 bits), scale (4 bits), register 14, signed 16, shift 17.
 * Before: value 0, kind 8, register 12, signed 14, shift 15. Cookie and count follow the twelve arguments.
 */
const SHORT_ARGUMENT = 16;
const LONG_ARGUMENT = 24;
const TAIL_SIZE = 16;

/**
 * Encodes a probe's `struct __bpf_usdt_spec` in the layout that the object was compiled with.
 *
 * @param sizeBytes size of the map's values, by which the layouts differ
 * @returns `undefined` when there is no such layout, or the layout cannot express an argument
 */
export function encodeUsdtSpec(
  args: readonly UsdtArgument[],
  cookie: bigint,
  sizeBytes: number,
): Uint8Array | undefined {
  const argumentSize = (sizeBytes - TAIL_SIZE) / MAX_USDT_ARGUMENTS;
  const long = argumentSize === LONG_ARGUMENT;
  if (!long && argumentSize !== SHORT_ARGUMENT) return undefined;
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  for (const [position, argument] of args.entries()) {
    if (argument.kind === "indexed" && !long) return undefined;
    const at = position * argumentSize;
    const rest = at + (long ? 14 : 12);
    view.setBigInt64(at, BigInt.asIntN(64, argument.value), true);
    view.setUint8(at + 8, KIND_NUMBERS[argument.kind]);
    if (long) view.setUint16(at + 10, argument.index | (argument.scaleShift << 12), true);
    view.setInt16(rest, argument.register, true);
    view.setUint8(rest + 2, argument.signed ? 1 : 0);
    view.setUint8(rest + 3, 64 - argument.sizeBytes * 8);
  }
  view.setBigUint64(sizeBytes - TAIL_SIZE, BigInt.asUintN(64, cookie), true);
  view.setInt16(sizeBytes - 8, args.length, true);
  return bytes;
}
