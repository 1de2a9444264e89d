/** Deterministic numbers below `limit`. */
export type Random = (limit: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x100000000) * limit);
  };
}

/** A bit-field by the path that C and TypeScript reach it with. */
export interface RandomStruct {
  readonly declaration: string;
  readonly name: string;
  readonly bitFields: readonly string[];
  readonly flexible: boolean;
  /** Number of values in it. */
  readonly weight: number;
}

export interface RandomStructs {
  readonly source: string;
  readonly structs: readonly RandomStruct[];
}

const SCALARS: readonly string[] = [
  ...["char", "signed char", "unsigned char", "_Bool", "short", "unsigned short", "int", "unsigned int"],
  ...["long", "unsigned long", "long long", "unsigned long long", "__int128", "unsigned __int128"],
  ...["float", "double", "void *", "const struct elsewhere *", "enum color", "enum wide", "mode_t2", "word2"],
  ...["matrix_t", "handler_t", "volatile int", "const char"],
];

const BIT_FIELD_BASES: readonly (readonly [string, number])[] = [
  ["_Bool", 1],
  ["unsigned char", 8],
  ["signed char", 8],
  ["short", 16],
  ["unsigned short", 16],
  ["int", 32],
  ["unsigned int", 32],
  ["long", 64],
  ["unsigned long long", 64],
  ["enum color", 32],
];

const PROLOGUE = `struct elsewhere;
enum color { RED, GREEN = 7, BLUE = -3 };
enum wide { SMALL = 1, LARGE = 0x7fffffffffffffffLL };
typedef enum { ON, OFF = 4000000000u } mode_t2;
typedef unsigned long word0;
typedef word0 word1;
typedef const word1 word2;
typedef unsigned short row_t[3];
typedef row_t matrix_t[2];
typedef int (*handler_t)(struct elsewhere *, long);
`;

/** C definitions of `count` structs and unions that use everything a layout can depend on. */
export function randomStructs(random: Random, count: number): RandomStructs {
  const structs: RandomStruct[] = [];
  let source = PROLOGUE;
  for (let i = 0; i < count; i++) {
    const maker = new Maker(random, structs, `r${i}`);
    source += maker.definition();
    structs.push(maker.struct);
  }
  return { source, structs };
}

class Maker {
  readonly #random: Random;
  readonly #earlier: readonly RandomStruct[];
  readonly #name: string;
  readonly #union: boolean;
  readonly #typedef: boolean;
  readonly #bitFields: string[] = [];
  #flexible = false;
  #members = 0;
  #weight = 0;

  constructor(random: Random, earlier: readonly RandomStruct[], name: string) {
    this.#random = random;
    this.#earlier = earlier;
    this.#name = name;
    this.#union = random(6) === 0;
    this.#typedef = random(5) === 0;
  }

  get struct(): RandomStruct {
    const keyword = this.#union ? "union" : "struct";
    return {
      declaration: this.#typedef ? this.#name : `${keyword} ${this.#name}`,
      name: this.#name,
      bitFields: this.#bitFields,
      flexible: this.#flexible,
      weight: this.#weight,
    };
  }

  definition(): string {
    const body = this.#body(0, "");
    if (!this.#union && this.#random(6) === 0) {
      this.#flexible = true;
      const element = ["char", "unsigned char", "int", "long", "struct { short a; long b; }"][
        this.#random(5)
      ];
      body.push(`${element} tail[];`);
    }
    const keyword = this.#union ? "union" : "struct";
    const attributes = this.#attributes();
    const lines = body.map((line) => `\t${line}\n`).join("");
    return this.#typedef
      ? `typedef ${keyword} {\n${lines}}${attributes} ${this.#name};\n`
      : `${keyword} ${this.#name} {\n${lines}}${attributes};\n`;
  }

  #attributes(): string {
    const choice = this.#random(8);
    if (choice === 0) return " __attribute__((packed))";
    if (choice === 1) return ` __attribute__((aligned(${2 << this.#random(5)})))`;
    return choice === 2 ? " __attribute__((packed, aligned(4)))" : "";
  }

  #body(depth: number, path: string): string[] {
    const lines = Array.from({ length: 1 + this.#random(depth === 0 ? 6 : 3) }, () => {
      this.#weight++;
      return this.#member(depth, path);
    });
    // Something has a name, so that the type is not empty.
    lines.push(`${this.#pick(SCALARS)} m${this.#members++};`);
    return lines;
  }

  #member(depth: number, path: string): string {
    const name = `m${this.#members++}`;
    const choice = this.#random(20);
    if (choice < 6) return `${this.#pick(SCALARS)} ${name}${this.#memberAttribute()};`;
    if (choice < 9) {
      const [dimensions, count] = this.#dimensions();
      this.#weight += count;
      return `${this.#pick(SCALARS)} ${name}${dimensions};`;
    }
    if (choice < 13) return this.#bitField(name, path);
    if (choice < 15 && depth < 3) return this.#anonymous(depth, path);
    if (choice < 17 && depth < 3) {
      const isArray = this.#random(2) === 0;
      const before = this.#weight;
      const inner = this.#body(depth + 1, isArray ? "[" : `${path}${name}.`);
      const [dimensions, count] = isArray ? this.#dimensions() : ["", 1];
      this.#weight += (this.#weight - before) * (count - 1);
      const keyword = this.#random(3) === 0 ? "union" : "struct";
      return `${keyword} { ${inner.join(" ")} }${this.#attributes()} ${name}${dimensions};`;
    }
    // Not too much in one struct: BTF has 24 bits for the offset of a member.
    const nested = this.#earlier.filter((struct) => !struct.flexible && struct.weight < 60);
    if (nested.length === 0) return `int ${name};`;
    const { declaration, weight } = this.#pick(nested);
    const [dimensions, count] = this.#random(3) === 0 && weight < 15 ? this.#dimensions() : ["", 1];
    this.#weight += count * weight;
    return `${declaration} ${name}${dimensions};`;
  }

  #anonymous(depth: number, path: string): string {
    const keyword = this.#random(2) === 0 ? "union" : "struct";
    return `${keyword} { ${this.#body(depth + 1, path).join(" ")} }${this.#attributes()};`;
  }

  #bitField(name: string, path: string): string {
    const [base, most] = this.#pick(BIT_FIELD_BASES);
    if (this.#random(8) === 0) return `unsigned int : ${this.#random(20)};`;
    if (!path.includes("[")) this.#bitFields.push(`${path}${name}`);
    return `${base} ${name} : ${1 + this.#random(most)};`;
  }

  #memberAttribute(): string {
    return this.#random(8) === 0 ? ` __attribute__((aligned(${2 << this.#random(4)})))` : "";
  }

  #dimensions(): [text: string, count: number] {
    const lengths = Array.from({ length: 1 + this.#random(3) }, () => 1 + this.#random(3));
    return [lengths.map((length) => `[${length}]`).join(""), lengths.reduce((a, b) => a * b)];
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)] as T;
  }
}
