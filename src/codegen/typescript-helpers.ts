/** Functions that generated TypeScript brings along, each only when it is used. */
export const HELPERS: Readonly<Record<string, string>> = {
  Input: `/** What can be written: members that are left out are zero; of a union, give one member. */
export type Input<T> = T extends bigint
  ? bigint | number
  : T extends Uint8Array
    ? Uint8Array | readonly number[] | string
    : T extends readonly (infer E)[]
      ? readonly Input<E>[]
      : T extends object
        ? { readonly [K in keyof T]?: Input<T[K]> | undefined }
        : T;`,
  Codec: `/** Reads and writes the bytes of a type. */
export interface Codec<T> {
  /** As in C. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly alignmentBytes: number;
  /** Bytes after the end of a record that was cut short count as zero. */
  decode(bytes: Uint8Array, offsetBytes?: number): T;
  /** @returns new bytes; what \`value\` leaves out is zero */
  encode(value: Input<T>): Uint8Array;
  /** Writes the members that \`value\` has and leaves the other bytes alone. */
  write(value: Input<T>, bytes: Uint8Array, offsetBytes?: number): void;
}`,
  JsonCodec: `/** As {@link Codec}, for JSON too: integers beyond 2^53 are decimal strings, text is a string, other bytes are numbers. */
export interface JsonCodec<T> extends Codec<T> {
  /** A value that JSON.stringify takes. */
  toJson(value: T): unknown;
  /** @throws {TypeError} when \`json\` is not what {@link toJson} makes; unknown members are ignored */
  fromJson(json: unknown): T;
}`,
  codec: `function codec<T>(
  name: string,
  sizeBytes: number,
  alignmentBytes: number,
  read: (view: DataView, at: number) => T,
  write: (view: DataView, at: number, value: Input<T>) => void,
  sizeOf: (value: Input<T>) => number = () => sizeBytes,
): Codec<T> {
  return {
    name,
    sizeBytes,
    alignmentBytes,
    decode: (bytes, offsetBytes = 0) => {
      let own = bytes.subarray(offsetBytes);
      if (own.length < sizeBytes) {
        const whole = new Uint8Array(sizeBytes);
        whole.set(own);
        own = whole;
      }
      return read(new DataView(own.buffer, own.byteOffset, own.length), 0);
    },
    encode: (value) => {
      const bytes = new Uint8Array(sizeOf(value));
      write(new DataView(bytes.buffer), 0, value);
      return bytes;
    },
    write: (value, bytes, offsetBytes = 0) => {
      write(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offsetBytes, value);
    },
  };
}`,
  text: `/** The text in a char array: UTF-8 up to the first NUL. */
export function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}`,
  list: `function list<T>(count: number, read: (index: number) => T): T[] {
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read(i));
  return items;
}`,
  setList: `function setList<T>(
  what: string,
  values: readonly T[] | undefined,
  capacity: number,
  write: (value: T, index: number) => void,
): void {
  if (values === undefined) return;
  if (values.length > capacity) throw new RangeError(\`\${what}: \${values.length} elements, there is room for \${capacity}\`);
  values.forEach(write);
}`,
  getBytes: `function getBytes(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}`,
  setBytes: `function setBytes(
  what: string,
  view: DataView,
  at: number,
  capacity: number,
  value: Uint8Array | readonly number[] | string | undefined,
): void {
  if (value === undefined) return;
  const bytes = toBytes(value);
  if (bytes.length > capacity) throw new RangeError(\`\${what}: \${bytes.length} bytes, there is room for \${capacity}\`);
  new Uint8Array(view.buffer, view.byteOffset + at, capacity).fill(0).set(bytes);
}`,
  toBytes: `function toBytes(value: Uint8Array | readonly number[] | string): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : Uint8Array.from(value);
}`,
  getBits: `function getBits(view: DataView, offset: number, width: number, signed: boolean): bigint {
  const first = Math.floor(offset / 8);
  let raw = 0n;
  for (let byte = Math.floor((offset + width - 1) / 8); byte >= first; byte--) {
    raw = (raw << 8n) | BigInt(view.getUint8(byte));
  }
  raw >>= BigInt(offset % 8);
  return signed ? BigInt.asIntN(width, raw) : BigInt.asUintN(width, raw);
}`,
  setBits: `function setBits(view: DataView, offset: number, width: number, value: bigint | number | boolean | undefined): void {
  if (value === undefined) return;
  const bits = BigInt.asUintN(width, BigInt(value));
  for (let i = 0; i < width; i++) {
    const byte = Math.floor((offset + i) / 8);
    const mask = 1 << ((offset + i) % 8);
    const old = view.getUint8(byte);
    view.setUint8(byte, ((bits >> BigInt(i)) & 1n) === 1n ? old | mask : old & ~mask);
  }
}`,
  get128: `function get128(view: DataView, at: number, signed: boolean): bigint {
  const low = view.getBigUint64(at, true);
  const high = signed ? view.getBigInt64(at + 8, true) : view.getBigUint64(at + 8, true);
  return (high << 64n) | low;
}`,
  set128: `function set128(view: DataView, at: number, value: bigint | number): void {
  const bits = BigInt.asUintN(128, BigInt(value));
  view.setBigUint64(at, bits, true);
  view.setBigUint64(at + 8, bits >> 64n, true);
}`,
  jsonCodec: `function jsonCodec<T>(
  plain: Codec<T>,
  toJson: (value: T) => unknown,
  fromJson: (json: unknown) => Input<T>,
): JsonCodec<T> {
  return { ...plain, toJson, fromJson: (json) => plain.decode(plain.encode(fromJson(json))) };
}`,
  integerToJson: `function integerToJson(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}`,
  floatToJson: `function floatToJson(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}`,
  textToJson: `function textToJson(bytes: Uint8Array): string | number[] {
  const end = bytes.indexOf(0);
  const content = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    // What a string cannot carry, bytes after the NUL for example, becomes a list of numbers.
    if (end < 0 || bytes.subarray(end).every((byte) => byte === 0)) {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    }
  } catch {}
  return [...bytes];
}`,
  wrong: `function wrong(what: string, expected: string, json: unknown): never {
  const got = json === null ? "null" : Array.isArray(json) ? "an array" : \`a \${typeof json}\`;
  throw new TypeError(\`\${what}: expected \${expected}, got \${got}\`);
}`,
  jsonMember: `function jsonMember(json: unknown, name: string): unknown {
  return (json as Readonly<Record<string, unknown>>)[name];
}`,
  jsonObject: `function jsonObject(json: unknown, what: string): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) wrong(what, "an object", json);
  return json;
}`,
  jsonInteger: `function jsonInteger(json: unknown, what: string, bits: number, signed: boolean): bigint {
  const isInteger = typeof json === "number" ? Number.isInteger(json) : typeof json === "string" && /^-?\\d+$/.test(json);
  if (!isInteger) wrong(what, "an integer", json);
  const value = BigInt(json as number | string);
  if (value !== (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value))) {
    throw new TypeError(\`\${what}: \${value} does not fit into \${bits} bits\`);
  }
  return value;
}`,
  jsonBoolean: `function jsonBoolean(json: unknown, what: string): boolean {
  return typeof json === "boolean" ? json : wrong(what, "a boolean", json);
}`,
  jsonFloat: `function jsonFloat(json: unknown, what: string): number {
  if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
  return typeof json === "number" ? json : wrong(what, "a number", json);
}`,
  jsonBytes: `function jsonBytes(json: unknown, what: string): Uint8Array {
  if (typeof json === "string") return new TextEncoder().encode(json);
  if (!Array.isArray(json)) wrong(what, "a string or an array", json);
  return Uint8Array.from(json, (byte: unknown) => Number(jsonInteger(byte, what, 8, false)));
}`,
  jsonList: `function jsonList<T>(json: unknown, what: string, convert: (item: unknown) => T): T[] {
  return Array.isArray(json) ? json.map(convert) : wrong(what, "an array", json);
}`,
  optional: `function optional<T>(json: unknown, convert: (json: unknown) => T): T | undefined {
  return json === undefined ? undefined : convert(json);
}`,
};

/** Text of the helpers that `body` uses, and of those they use. */
export function helpersFor(body: string): string {
  const used = new Set<string>();
  const visit = (text: string): void => {
    for (const [name, helper] of Object.entries(HELPERS)) {
      // NB: members of structs may be called like them.
      if (used.has(name) || !new RegExp(`\\b${name}[<(]`).test(text)) continue;
      used.add(name);
      visit(helper);
    }
  };
  visit(body);
  return Object.entries(HELPERS)
    .filter(([name]) => used.has(name))
    .map(([, helper]) => `${helper}\n`)
    .join("\n");
}
