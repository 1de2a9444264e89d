import { mapTypeIds } from "./map-ids.ts";
import type { NewBtfType } from "./types.ts";

/** Types without doubles, and where the old ones are. */
export interface DedupResult {
  /** The first has id 1. */
  readonly types: readonly NewBtfType[];
  /** New id by old id; 0 stays 0. */
  readonly newIds: readonly number[];
}

/**
 * Merges equal types: those that have the same names, sizes and offsets in everything that can be reached from
 * them, cycles of structs included. A forward declaration, or an enum without values, is merged with the full type
 * of its name if there is only one after merging. Variables and sections are never merged, since their places
 * differ.
 *
 * @param types the first has id 1; every reference is to one of them, or 0.
 */
export function dedupTypes(types: readonly NewBtfType[]): DedupResult {
  let forwards = assumedForwards(types);
  let classes = equivalenceClasses(types, forwards);
  // Each forward declaration is taken for the full type of its name until there proves to be more than one.
  for (;;) {
    const kept = forwards.filter(({ full }) => new Set(full.map((id) => classes[id])).size === 1);
    if (kept.length === forwards.length) break;
    forwards = kept;
    classes = equivalenceClasses(types, forwards);
  }
  return compact(types, classes, forwards);
}

/** Incomplete types of a name and the complete ones it may stand for. */
interface Forward {
  readonly incomplete: readonly number[];
  readonly full: readonly number[];
}

function assumedForwards(types: readonly NewBtfType[]): Forward[] {
  const incomplete = new Map<string, number[]>();
  const full = new Map<string, number[]>();
  for (const [i, type] of types.entries()) {
    const tag = tagOf(type);
    if (tag === undefined) continue;
    const group = isIncomplete(type) ? incomplete : full;
    const known = group.get(tag);
    if (known === undefined) group.set(tag, [i + 1]);
    else known.push(i + 1);
  }
  return [...incomplete].flatMap(([tag, ids]) => {
    const candidates = full.get(tag);
    return candidates === undefined ? [] : [{ incomplete: ids, full: candidates }];
  });
}

function isIncomplete(type: NewBtfType): boolean {
  return type.kind === "fwd" || (type.kind === "enum" && type.values.length === 0);
}

/** `struct x`, `union x` or `enum x` of a named type, declared or defined. */
function tagOf(type: NewBtfType): string | undefined {
  switch (type.kind) {
    case "fwd":
      return `${type.union ? "union" : "struct"} ${type.name}`;
    case "struct":
    case "union":
    case "enum":
      return type.name === "" ? undefined : `${type.kind} ${type.name}`;
    case "enum64":
      return type.name === "" ? undefined : `enum ${type.name}`;
    default:
      return undefined;
  }
}

/**
 * Class of each type by id. Starts from what a type says about itself and splits classes whose members refer to
 * different classes, until nothing is split: what is together then cannot be told apart.
 */
function equivalenceClasses(types: readonly NewBtfType[], forwards: readonly Forward[]): Uint32Array {
  const standsFor = new Map<number, number>();
  for (const { incomplete, full } of forwards) {
    for (const id of incomplete) standsFor.set(id, full[0] as number);
  }
  const references = types.map(referencesOf);
  const number = (texts: readonly string[]): Uint32Array => {
    const classes = numbered(texts);
    for (const [from, to] of standsFor) classes[from] = classes[to] as number;
    return classes;
  };
  let classes = number(["", ...types.map((type, i) => labelOf(type, i + 1))]);
  for (let count = new Set(classes).size; ; ) {
    const signatures = references.map(
      (ids, i) => `${classes[i + 1]}:${ids.map((id) => classes[id]).join(" ")}`,
    );
    const next = number(["", ...signatures]);
    const nextCount = new Set(next).size;
    if (nextCount === count) return next;
    classes = next;
    count = nextCount;
  }
}

/** Equal texts get equal numbers. */
function numbered(texts: readonly string[]): Uint32Array {
  const known = new Map<string, number>();
  return Uint32Array.from(texts, (text) => {
    const number = known.get(text) ?? known.size;
    known.set(text, number);
    return number;
  });
}

/** Ids a type refers to, in order. */
function referencesOf(type: NewBtfType): number[] {
  const ids: number[] = [];
  mapTypeIds(type, (id) => {
    ids.push(id);
    return id;
  });
  return ids;
}

/** Everything a type says apart from the types it refers to. */
function labelOf(type: NewBtfType, id: number): string {
  if (type.kind === "var" || type.kind === "datasec") return `${type.kind} ${id}`;
  const plain = mapTypeIds(type, () => 0);
  return JSON.stringify({ ...plain, id: 0 }, (_, value: unknown) =>
    typeof value === "bigint" ? `${value}` : value,
  );
}

/** The first full type of each class represents it. */
function compact(
  types: readonly NewBtfType[],
  classes: Uint32Array,
  forwards: readonly Forward[],
): DedupResult {
  const resolved = new Set(forwards.flatMap(({ incomplete }) => incomplete));
  const newIdOfClass = new Map<number, number>();
  const kept: NewBtfType[] = [];
  for (const [i, type] of types.entries()) {
    const number = classes[i + 1] as number;
    if (resolved.has(i + 1) || newIdOfClass.has(number)) continue;
    kept.push(type);
    newIdOfClass.set(number, kept.length);
  }
  const newIds = [0, ...types.map((_, i) => newIdOfClass.get(classes[i + 1] as number) as number)];
  return { types: kept.map((type) => mapTypeIds(type, (id) => newIds[id] ?? 0)), newIds };
}
