import type { Btf } from "../btf/index.ts";
import { ByteReader, encodeText, WasmBpfError } from "../internal/index.ts";
import {
  haveAttachCookie,
  haveSyscallWrapper,
  kernelConfig,
  kernelVersion,
  parseKconfig,
} from "../kernel/index.ts";
import type { ExternSpec } from "../object/index.ts";
import type { LoadObserver } from "./load-observer.ts";
import { KconfigError, MissingExternError } from "./missing-error.ts";

/** What a `__kconfig` variable's C type makes of a configuration value. */
export type KconfigType =
  | { readonly kind: "bool" | "tristate" | "char" }
  | { readonly kind: "int"; readonly signed: boolean }
  | { readonly kind: "string" };

/** The configuration kind of a variable, `undefined` when its C type has none. */
export function kconfigType(btf: Btf, typeId: number): KconfigType | undefined {
  const type = btf.type(btf.resolve(typeId));
  switch (type.kind) {
    case "int":
      if (type.bool) return type.sizeBytes === 1 ? { kind: "bool" } : undefined;
      if (type.sizeBytes === 1) return { kind: "char" };
      return [2, 4, 8].includes(type.sizeBytes) ? { kind: "int", signed: type.signed } : undefined;
    case "enum":
      return type.sizeBytes === 4 && type.name === "libbpf_tristate" ? { kind: "tristate" } : undefined;
    case "array":
      return type.length > 0 && kconfigType(btf, type.elementType)?.kind === "char"
        ? { kind: "string" }
        : undefined;
    default:
      return undefined;
  }
}

const TRISTATE: Readonly<Record<string, bigint>> = { n: 0n, y: 1n, m: 2n };

/**
 * Bytes of a configuration value.
 *
 * @param value spelled as in the kernel's `.config`: `y`, `300`, `0xff`, `"text"`
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when value and type do not fit.
 */
export function encodeKconfigValue(
  name: string,
  type: KconfigType,
  sizeBytes: number,
  value: string,
): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const tristate = TRISTATE[value];
  if (tristate !== undefined) {
    switch (type.kind) {
      case "bool":
        if (value === "m") throw misfit(name, value, "a tristate or a char");
        bytes[0] = Number(tristate);
        return bytes;
      case "tristate":
        return encodeInteger(name, bytes, tristate, false);
      case "char":
        bytes[0] = value.charCodeAt(0);
        return bytes;
      default:
        throw misfit(name, value, "a bool, a tristate or a char");
    }
  }
  if (value.startsWith('"')) {
    if (type.kind !== "string") throw misfit(name, value, "a char array");
    if (value.length < 2 || !value.endsWith('"')) throw misfit(name, value, "a value with a closing quote");
    // A longer text is cut, as libbpf does.
    bytes.set(encodeText(value.slice(1, -1)).subarray(0, sizeBytes - 1));
    return bytes;
  }
  if (type.kind !== "int" && type.kind !== "char") throw misfit(name, value, "an integer");
  const signed = type.kind === "int" ? type.signed : type.kind === "char";
  return encodeInteger(name, bytes, parseInteger(name, value), signed);
}

function misfit(name: string, value: string, wanted: string): WasmBpfError {
  return new WasmBpfError(
    "INVALID_ARGUMENT",
    `Kernel configuration ${name}=${value} does not fit the variable's type: it needs ${wanted}`,
  );
}

function parseInteger(name: string, value: string): bigint {
  const match = /^(-?)(0x[0-9a-f]+|\d+)$/i.exec(value);
  if (match === null) throw misfit(name, value, "a value that is an integer");
  const digits = match[2] ?? "0";
  const octal = /^0[0-7]+$/.test(digits);
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  return match[1] === "-" ? -magnitude : magnitude;
}

function encodeInteger(name: string, bytes: Uint8Array, value: bigint, signed: boolean): Uint8Array {
  const bits = bytes.length * 8;
  const fits = bits === 64 || (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value;
  if (!fits) throw misfit(name, String(value), `more than ${bytes.length} bytes`);
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number((value >> BigInt(index * 8)) & 0xffn);
  return bytes;
}

/** Values that the loader makes up; `undefined` for an unknown name. */
function virtualValue(name: string): bigint | undefined {
  switch (name) {
    case "LINUX_KERNEL_VERSION":
      return BigInt(kernelVersion());
    case "LINUX_HAS_BPF_COOKIE":
      return haveAttachCookie() ? 1n : 0n;
    case "LINUX_HAS_SYSCALL_WRAPPER":
      return haveSyscallWrapper() ? 1n : 0n;
    default:
      return undefined;
  }
}

/**
 * Fills in the `.kconfig` variables: `CONFIG_*` from the kernel's configuration, `LINUX_*` from what the loader
 * knows. A weak variable without a value stays 0.
 *
 * @param contents value of the `.kconfig` map
 * @param overrides lines `CONFIG_X=value` that win over the kernel's
 * @throws {WasmBpfError} code `NOT_FOUND` when a variable that is not weak has no value.
 */
export function fillKconfig(
  btf: Btf,
  externs: readonly ExternSpec[],
  contents: Uint8Array,
  overrides: string | undefined,
  observer: LoadObserver = {},
): void {
  const reader = new ByteReader(contents, btf.littleEndian, ".kconfig");
  const open = new Map<string, { extern: ExternSpec; type: KconfigType; place: Uint8Array }>();
  for (const extern of externs) {
    if (extern.kind !== "kconfig") continue;
    const place = reader.slice(extern.offsetBytes ?? 0, extern.sizeBytes, extern.name);
    const type = kconfigType(btf, extern.typeId);
    if (type === undefined) {
      throw new WasmBpfError(
        "NOT_SUPPORTED",
        `Kconfig variable "${extern.name}" has a type that no value fits`,
      );
    }
    if (extern.name.startsWith("CONFIG_")) {
      open.set(extern.name, { extern, type, place });
      continue;
    }
    const value = valueOfVirtual(extern);
    try {
      place.set(encodeVirtual(extern, type, value));
    } catch (error) {
      if (!(error instanceof WasmBpfError)) throw error;
      throw new KconfigError({ extern, type, value, source: undefined }, error.message, { cause: error });
    }
    observer.kconfigResolved?.(extern, value);
  }
  const fill = (values: ReadonlyMap<string, string>, source: KconfigError["source"]): void => {
    const found = [...open.keys()].filter((name) => values.has(name));
    // NB: in the order of the configuration, as observers expect; one value needs no look at thousands of others.
    const names = found.length < 2 ? found : [...values.keys()].filter((name) => open.has(name));
    for (const name of names) {
      const [wanted, value] = [open.get(name), values.get(name)];
      if (wanted === undefined || value === undefined) continue;
      const { extern, type, place } = wanted;
      try {
        place.set(encodeKconfigValue(name, type, extern.sizeBytes, value));
      } catch (error) {
        if (!(error instanceof WasmBpfError)) throw error;
        throw new KconfigError({ extern, type, value, source }, error.message, { cause: error });
      }
      observer.kconfigResolved?.(extern, value);
      open.delete(name);
    }
  };
  if (overrides !== undefined) fill(parseKconfig(overrides), "in-memory");
  if (open.size > 0) fill(systemValues([...open.values()].every(({ extern }) => extern.weak)), "system");
  for (const { extern } of open.values()) {
    if (extern.weak) continue;
    throw new MissingExternError(
      extern,
      `The kernel's configuration has no ${extern.name}; declare the variable __weak if 0 is a good default`,
    );
  }
}

/** The kernel's configuration. @param optional whether there may be none to read */
function systemValues(optional: boolean): ReadonlyMap<string, string> {
  try {
    return kernelConfig();
  } catch (error) {
    // Without any configuration to read weak variables keep their default.
    if (optional && error instanceof WasmBpfError && error.code === "NOT_FOUND") return new Map();
    throw error;
  }
}

function valueOfVirtual(extern: ExternSpec): bigint {
  const { name, weak } = extern;
  const value = virtualValue(name) ?? (weak && name.startsWith("LINUX_") ? 0n : undefined);
  if (value === undefined) {
    throw new KconfigError(
      { extern, type: undefined, value: 0n, source: undefined },
      `Kconfig variable "${name}" is not known: there are CONFIG_*, LINUX_KERNEL_VERSION, LINUX_HAS_BPF_COOKIE and LINUX_HAS_SYSCALL_WRAPPER`,
    );
  }
  return value;
}

function encodeVirtual({ name, sizeBytes }: ExternSpec, type: KconfigType, value: bigint): Uint8Array {
  if (type.kind !== "int" && type.kind !== "char" && type.kind !== "bool") {
    throw misfit(name, String(value), "an integer or a bool");
  }
  return encodeInteger(name, new Uint8Array(sizeBytes), value, type.kind === "int" && type.signed);
}
