import { ByteReader, MalformedInputError, WasmBpfError } from "../internal/index.ts";

/** Type of a host import: `i` is i32, `I` is i64, `?` anything else; `result` is "" for none. */
export interface Signature {
  readonly parameters: string;
  readonly result: string;
}

/** A function that a module imports, with the type it declares for it. */
export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  readonly signature: Signature;
}

/** What a host import is called with: numbers for `i`, bigints for `I`, as the host's signature says. */
// biome-ignore lint/suspicious/noExplicitAny: each import has its own parameter types; `adapt` makes them true
export type HostFunction = (...parameters: any[]) => number | bigint | undefined;

const typeLetters: Readonly<Record<number, string>> = { 127: "i", 126: "I" };

/** Reads the types of the functions a module imports: type and import section only. */
export function functionImports(module: Uint8Array): FunctionImport[] {
  const reader = new WasmReader(module);
  let types: Signature[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const end = reader.u32() + reader.offset;
    if (id === 1) types = typeSection(reader);
    if (id === 2) return importSection(reader, types);
    reader.offset = end;
  }
  return [];
}

function typeSection(reader: WasmReader): Signature[] {
  const types: Signature[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    // Only function types can be read; garbage-collected types are in no module this host can serve.
    if (reader.byte() !== 0x60) return types;
    types.push({ parameters: valueTypes(reader), result: valueTypes(reader) });
  }
  return types;
}

function valueTypes(reader: WasmReader): string {
  let letters = "";
  for (let left = reader.u32(); left > 0; left--) letters += typeLetters[reader.byte()] ?? "?";
  return letters;
}

function importSection(reader: WasmReader, types: readonly Signature[]): FunctionImport[] {
  const imports: FunctionImport[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const module = reader.text();
    const name = reader.text();
    const kind = reader.byte();
    if (kind === 0) {
      imports.push({ module, name, signature: types[reader.u32()] ?? { parameters: "?", result: "?" } });
    } else {
      skipImport(reader, kind);
    }
  }
  return imports;
}

function skipImport(reader: WasmReader, kind: number): void {
  if (kind === 1) {
    reader.byte();
    skipLimits(reader);
  } else if (kind === 2) {
    skipLimits(reader);
  } else if (kind === 3) {
    reader.byte();
    reader.byte();
  } else {
    reader.byte();
    reader.u32();
  }
}

function skipLimits(reader: WasmReader): void {
  const flags = reader.byte();
  reader.u32();
  if ((flags & 1) !== 0) reader.u32();
}

/**
 * Makes a host function callable with the types the guest declares. Guests of different languages declare the same
 * import with 32-bit or 64-bit integers; what differs is converted, the number of parameters must be the same.
 *
 * @throws {WasmBpfError} code `ABI_MISMATCH` when the declaration cannot be served
 */
export function adapt(host: HostFunction, expected: Signature, declared: FunctionImport): HostFunction {
  const { parameters, result } = declared.signature;
  if (
    parameters.length !== expected.parameters.length ||
    result.length !== expected.result.length ||
    /\?/.test(parameters + result)
  ) {
    throw new WasmBpfError(
      "ABI_MISMATCH",
      `The module imports ${declared.module}.${declared.name} as ${formatSignature(declared.signature)}, the host has ` +
        `${formatSignature(expected)}. Compile the module with the headers of this version.`,
    );
  }
  if (parameters === expected.parameters && result === expected.result) return host;
  const convert = [...expected.parameters].map((want, index) =>
    want === parameters[index] ? keep : want === "i" ? narrow : widen,
  );
  const back = result === expected.result ? keep : result === "i" ? narrow : widen;
  return (...values: (number | bigint)[]) => {
    const answer = host(...values.map((value, index) => (convert[index] ?? keep)(value)));
    return answer === undefined ? undefined : back(answer);
  };
}

function keep(value: number | bigint): number | bigint {
  return value;
}

/** A value that does not fit becomes one that no range and no table contains. */
function narrow(value: number | bigint): number {
  const number = Number(BigInt.asIntN(64, BigInt(value)));
  return number >= -0x80000000 && number <= 0xffffffff ? number | 0 : -1;
}

function widen(value: number | bigint): bigint {
  return BigInt(value);
}

/** `(i32, i64) -> i32` */
export function formatSignature(signature: Signature): string {
  const names = (letters: string): string =>
    [...letters].map((letter) => (letter === "i" ? "i32" : letter === "I" ? "i64" : "other")).join(", ");
  return `(${names(signature.parameters)}) -> ${names(signature.result) || "nothing"}`;
}

/** LEB128 numbers and names over bounds-checked bytes. */
class WasmReader {
  offset = 8;
  readonly #reader: ByteReader;

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes, true, "wasm module");
  }

  get done(): boolean {
    return this.offset >= this.#reader.length;
  }

  byte(): number {
    return this.#reader.u8(this.offset++);
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw new MalformedInputError("number is longer than 10 bytes", this.#reader.at(this.offset));
  }

  text(): string {
    const length = this.u32();
    const bytes = this.#reader.slice(this.offset, length, "name");
    this.offset += length;
    return new TextDecoder().decode(bytes);
  }
}
