import { type Btf, type BtfComposite, type BtfMember, isEnum } from "../btf/index.ts";
import { MalformedInputError, WasmBpfError } from "../internal/index.ts";
import {
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_UNSPEC,
} from "../uapi/bpf.ts";
import { DeclarationError, type DeclarationProblem } from "./declaration-error.ts";
import { kernelMapName } from "./names.ts";
import type { MapSpec, Pinning } from "./spec.ts";

/** A map declared in `.maps`. */
export interface MapDefinition {
  readonly spec: MapSpec;
  /** Byte offset of the declaration in the section. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** Byte offset of the `values` member in the declaration, where initial slots are relocated. */
  readonly valuesOffset: number | undefined;
}

interface Draft {
  type: number;
  keySizeBytes: number;
  valueSizeBytes: number;
  maxEntries: number;
  flags: number;
  numaNode: number | undefined;
  mapExtra: bigint;
  pinning: Pinning;
  keyTypeId: number;
  valueTypeId: number;
  innerMap: MapSpec | undefined;
  valuesOffset: number | undefined;
}

/**
 * Reads the maps that the BTF of the `.maps` section declares.
 *
 * @param sectionSizeBytes size of the section in the file.
 * @throws {MalformedInputError} when a declaration has no meaning.
 */
export function readMapDefinitions(btf: Btf, sectionSizeBytes: number): MapDefinition[] {
  const id = btf.find(".maps", "datasec");
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== "datasec") {
    throw new MalformedInputError("the BTF does not describe the section; compile with -g", {
      section: ".maps",
    });
  }
  return datasec.variables.map(({ type, offsetBytes, sizeBytes }) => {
    const variable = btf.type(type);
    if (variable.kind !== "var" || variable.name === "") {
      throw new MalformedInputError("the section holds something else than a named variable", {
        section: ".maps",
        offsetBytes,
      });
    }
    const { name } = variable;
    if (variable.linkage !== "global") throw fault(name, `is ${variable.linkage}, maps have to be global`);
    if (offsetBytes + sizeBytes > sectionSizeBytes) throw fault(name, "leaves its section");
    const struct = btf.type(btf.resolve(variable.type));
    if (struct.kind !== "struct") throw fault(name, `is declared as ${struct.kind}, expected a struct`);
    if (struct.sizeBytes > sizeBytes) throw fault(name, "is larger than its variable");
    const draft = readDefinition(btf, name, struct, false);
    return {
      spec: toSpec(name, draft),
      offsetBytes,
      sizeBytes,
      valuesOffset: draft.valuesOffset,
    };
  });
}

/** Whether a map's values are maps. */
export function isMapOfMaps(type: number): boolean {
  return type === BPF_MAP_TYPE_ARRAY_OF_MAPS || type === BPF_MAP_TYPE_HASH_OF_MAPS;
}

function toSpec(name: string, draft: Draft): MapSpec {
  const { valuesOffset: _, innerMap, ...rest } = draft;
  return { name, kernelName: kernelMapName(name), ...rest, ...(innerMap === undefined ? {} : { innerMap }) };
}

function readDefinition(btf: Btf, name: string, struct: BtfComposite, inner: boolean): Draft {
  const draft: Draft = {
    type: BPF_MAP_TYPE_UNSPEC,
    keySizeBytes: 0,
    valueSizeBytes: 0,
    maxEntries: 0,
    flags: 0,
    numaNode: undefined,
    mapExtra: 0n,
    pinning: "none",
    keyTypeId: 0,
    valueTypeId: 0,
    innerMap: undefined,
    valuesOffset: undefined,
  };
  struct.members.forEach((member, index) => {
    const int = (): number => arrayLength(btf, name, member);
    switch (member.name) {
      case "type":
        draft.type = int();
        break;
      case "max_entries":
        draft.maxEntries = int();
        break;
      case "map_flags":
        draft.flags = int();
        break;
      case "numa_node":
        draft.numaNode = int();
        break;
      case "map_extra":
        draft.mapExtra = long(btf, name, member);
        break;
      case "key_size":
        draft.keySizeBytes = agreed(name, "key", draft.keySizeBytes, int());
        break;
      case "value_size":
        draft.valueSizeBytes = agreed(name, "value", draft.valueSizeBytes, int());
        break;
      case "key":
        draft.keyTypeId = pointedTo(btf, name, member);
        draft.keySizeBytes = agreed(name, "key", draft.keySizeBytes, btf.sizeOf(draft.keyTypeId));
        break;
      case "value":
        draft.valueTypeId = pointedTo(btf, name, member);
        draft.valueSizeBytes = agreed(name, "value", draft.valueSizeBytes, btf.sizeOf(draft.valueTypeId));
        break;
      case "pinning":
        if (inner) throw fault(name, "is an inner map, which cannot be pinned");
        draft.pinning = pinning(name, int());
        break;
      case "values":
        if (inner) throw fault(name, "has inner maps of its own, one level is supported");
        if (index !== struct.members.length - 1) throw fault(name, '"values" has to be the last field');
        draft.valueSizeBytes = agreed(name, "value", draft.valueSizeBytes, 4);
        draft.valuesOffset = Math.floor(member.offsetBits / 8);
        draft.innerMap = readValues(btf, name, draft.type, member);
        break;
      default:
        throw fault(name, `has unknown field "${member.name}"`, {
          kind: "unknown map field",
          map: name,
          field: member.name,
        });
    }
  });
  if (draft.type === BPF_MAP_TYPE_UNSPEC) {
    throw fault(name, 'has no field "type"', { kind: "map without type", map: name });
  }
  return draft;
}

/** `__array(values, ...)`: pointers to inner maps of one struct, or to functions. */
function readValues(btf: Btf, name: string, type: number, member: BtfMember): MapSpec | undefined {
  if (!isMapOfMaps(type) && type !== BPF_MAP_TYPE_PROG_ARRAY) {
    throw fault(name, '"values" is for maps of maps and program arrays, and has to follow "type"');
  }
  const array = btf.type(member.type);
  if (array.kind !== "array" || array.length !== 0) throw fault(name, '"values" is no array of length zero');
  const pointer = btf.type(btf.resolve(array.elementType));
  if (pointer.kind !== "ptr") throw fault(name, `"values" holds ${pointer.kind}, expected pointers`);
  const target = btf.type(btf.resolve(pointer.type));
  if (type === BPF_MAP_TYPE_PROG_ARRAY) {
    if (target.kind !== "func_proto")
      throw fault(name, `"values" points to ${target.kind}, expected functions`);
    return undefined;
  }
  if (target.kind !== "struct")
    throw fault(name, `"values" points to ${target.kind}, expected a map's struct`);
  const innerName = `${name}.inner`;
  return toSpec(innerName, readDefinition(btf, innerName, target, true));
}

/** `__uint(name, n)` is a pointer to an array of length n. */
function arrayLength(btf: Btf, map: string, member: BtfMember): number {
  const pointer = btf.type(btf.resolve(member.type));
  const array = pointer.kind === "ptr" ? btf.type(pointer.type) : pointer;
  if (array.kind !== "array") throw fault(map, `field "${member.name}" is not written with __uint`);
  return array.length;
}

/** `__ulong(name, n)` is an enum with one value; `__uint` is allowed too. */
function long(btf: Btf, map: string, member: BtfMember): bigint {
  const type = btf.type(btf.resolve(member.type));
  if (!isEnum(type)) return BigInt(arrayLength(btf, map, member));
  const value = type.values[0];
  if (value === undefined || type.values.length !== 1) {
    throw fault(map, `field "${member.name}" is not written with __ulong`);
  }
  return BigInt.asUintN(64, value.value);
}

/** `__type(name, T)` is a pointer to T. */
function pointedTo(btf: Btf, map: string, member: BtfMember): number {
  const pointer = btf.type(member.type);
  if (pointer.kind !== "ptr") throw fault(map, `field "${member.name}" is not written with __type`);
  return pointer.type;
}

function agreed(map: string, of: "key" | "value", before: number, now: number): number {
  if (now > 0xffff_ffff) throw fault(map, `has a ${of} of ${now} bytes, the kernel takes 32 bits`);
  if (before !== 0 && before !== now) {
    const problem: DeclarationProblem = { kind: "two map sizes", map, of, sizes: [before, now] };
    throw fault(map, `has two ${of} sizes, ${before} and ${now}`, problem);
  }
  return now;
}

function pinning(map: string, value: number): Pinning {
  if (value === 0) return "none";
  if (value === 1) return "by-name";
  throw new WasmBpfError(
    "NOT_SUPPORTED",
    `Map "${map}" has pinning ${value}, known are 0 and LIBBPF_PIN_BY_NAME`,
  );
}

function fault(map: string, message: string, problem?: DeclarationProblem): MalformedInputError {
  const [text, location] = [`map "${map}" ${message}`, { section: ".maps" }];
  return problem === undefined
    ? new MalformedInputError(text, location)
    : new DeclarationError(problem, text, location);
}
