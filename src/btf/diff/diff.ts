import type { Btf } from "../btf.ts";
import { type FieldPlace, type TypeShape, typeShape } from "./shape.ts";

/** What two BTFs have of one thing; one is missing when only the other has it. */
export interface BeforeAfter<T> {
  readonly before?: T;
  readonly after?: T;
}

/** A named type that is not the same in two BTFs. */
export interface BtfDifference {
  readonly kind: "struct" | "union" | "enum" | "typedef" | "func";
  /** Empty for the enumerators of all anonymous enums. */
  readonly name: string;
  readonly change: "added" | "removed" | "changed";
  /** Size in bytes when it changed. */
  readonly sizeBytes?: BeforeAfter<number>;
  /** What a typedef stands for, or a function's type, when it changed. */
  readonly type?: BeforeAfter<string>;
  /** Fields that were added, removed, moved or got another type, in the order of `after`, removed ones last. */
  readonly fields: readonly FieldDifference[];
  /** Enumerators that were added, removed or got another value. */
  readonly values: readonly ValueDifference[];
}

/** A field of a struct or union that is elsewhere, is another, or is in one BTF only. */
export interface FieldDifference extends BeforeAfter<FieldPlace> {
  readonly name: string;
}

/** An enumerator that has another value, or is in one BTF only. */
export interface ValueDifference extends BeforeAfter<bigint> {
  readonly name: string;
}

/** Options of {@link diffBtf}. */
export interface BtfDiffOptions {
  /** Only types with these names. */
  readonly names?: readonly string[];
  /** Functions, too; default: types only. */
  readonly functions?: boolean;
}

/**
 * Compares the named types of two BTFs: what a program that uses their fields finds different. Types are paired by
 * kind and name. Where several share a name, equal ones are paired first.
 *
 * @returns differences sorted by name, that of anonymous enums last.
 * @throws {MalformedInputError} when a type of either is damaged.
 */
export function diffBtf(before: Btf, after: Btf, options: BtfDiffOptions = {}): BtfDifference[] {
  const old = shapesByKey(before, options);
  const now = shapesByKey(after, options);
  const differences: BtfDifference[] = [];
  for (const [key, { kind, name }] of [...old, ...[...now].filter(([candidate]) => !old.has(candidate))]) {
    const [removed, added] = unequal(old.get(key)?.shapes ?? [], now.get(key)?.shapes ?? []);
    const count = Math.max(removed.length, added.length);
    for (let i = 0; i < count; i++) differences.push(compare(kind, name, removed[i], added[i]));
  }
  return differences.sort((a, b) => order(sortKey(a), sortKey(b)));
}

interface Group {
  readonly kind: BtfDifference["kind"];
  readonly name: string;
  readonly shapes: TypeShape[];
}

function shapesByKey(btf: Btf, { names, functions = false }: BtfDiffOptions): Map<string, Group> {
  const wanted = names === undefined ? undefined : new Set(names);
  const groups = new Map<string, Group>();
  const loose = new Map<string, bigint>();
  for (const { id } of btf.types()) {
    const kind = comparedKind(btf, id);
    const name = btf.name(id);
    if (kind === undefined || (kind === "func" && !functions) || wanted?.has(name) === false) continue;
    const shape = typeShape(btf, id);
    if (shape === undefined) continue;
    if (name === "") {
      for (const [enumerator, value] of shape.values) loose.set(enumerator, value);
      continue;
    }
    // An enum without values is only announced.
    if (kind === "enum" && shape.values.size === 0) continue;
    const key = `${kind} ${name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { kind, name, shapes: [shape] });
    else group.shapes.push(shape);
  }
  if (loose.size > 0) {
    const shape = { sizeBytes: 0, fields: new Map(), values: loose, type: "" };
    groups.set("enum ", { kind: "enum", name: "", shapes: [shape] });
  }
  return groups;
}

/** `undefined` for what is not compared: kinds without fields, and anonymous types, which are parts of others. */
function comparedKind(btf: Btf, id: number): BtfDifference["kind"] | undefined {
  const kind = btf.kind(id);
  if (kind === "enum" || kind === "enum64") return "enum";
  if (kind === "typedef" || kind === "func") return kind;
  return (kind === "struct" || kind === "union") && btf.name(id) !== "" ? kind : undefined;
}

/** What remains when equal shapes are taken off both sides. */
function unequal(old: readonly TypeShape[], now: readonly TypeShape[]): [TypeShape[], TypeShape[]] {
  const left = new Map<string, TypeShape[]>();
  for (const shape of old) {
    const text = shapeText(shape);
    left.set(text, [...(left.get(text) ?? []), shape]);
  }
  const added = now.filter((shape) => left.get(shapeText(shape))?.pop() === undefined);
  return [[...left.values()].flat(), added];
}

function shapeText({ sizeBytes, fields, values, type }: TypeShape): string {
  const lines = [`${sizeBytes} ${type}`];
  for (const [name, field] of fields) lines.push(`${name} ${placeText(field)}`);
  for (const [name, value] of values) lines.push(`${name} ${value}`);
  return lines.join("\n");
}

function placeText({ type, offsetBits, bitfieldBits }: FieldPlace): string {
  return `${offsetBits} ${bitfieldBits} ${type}`;
}

function compare(
  kind: BtfDifference["kind"],
  name: string,
  before: TypeShape | undefined,
  after: TypeShape | undefined,
): BtfDifference {
  const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  const sizeBytes = pair(before?.sizeBytes, after?.sizeBytes);
  const hasSize = kind !== "typedef" && kind !== "func" && name !== "";
  const type = pair(before?.type || undefined, after?.type || undefined);
  return {
    kind,
    name,
    change,
    ...(hasSize && before?.sizeBytes !== after?.sizeBytes ? { sizeBytes } : {}),
    ...(type.before === type.after ? {} : { type }),
    fields: changes(before?.fields, after?.fields, (a, b) => placeText(a) === placeText(b)),
    values: changes(before?.values, after?.values, (a, b) => a === b),
  };
}

function changes<T>(
  before: ReadonlyMap<string, T> = new Map(),
  after: ReadonlyMap<string, T> = new Map(),
  equal: (a: T, b: T) => boolean,
): (BeforeAfter<T> & { name: string })[] {
  const found: (BeforeAfter<T> & { name: string })[] = [];
  for (const [name, now] of after) {
    const old = before.get(name);
    if (old === undefined || !equal(old, now)) found.push({ name, ...pair(old, now) });
  }
  for (const [name, old] of before) if (!after.has(name)) found.push({ name, before: old });
  return found;
}

function pair<T>(before: T | undefined, after: T | undefined): BeforeAfter<T> {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function sortKey({ kind, name }: BtfDifference): string {
  return name === "" ? "\u{10ffff}" : `${name} ${kind}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
