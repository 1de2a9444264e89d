import type { Btf } from "../btf.ts";

/** Deepest nesting that is written out; below it and past {@link MAX_PARTS} stands `...`. */
const MAX_DEPTH = 16;
/** How many types one text is made of at most. */
const MAX_PARTS = 400;

/**
 * A type as C writes it without a name to declare, such as `const char *`, `struct page *[4]`, `int (*)(void *)`.
 * Named types are not looked into, anonymous ones are written out; tags are left off.
 */
export function typeText(btf: Btf, id: number): string {
  return new TypeWriter(btf).declare(id, "", 0);
}

class TypeWriter {
  readonly #btf: Btf;
  #parts = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** `declarator` is what stands around the name: `*`, `(*)(int)`, `[4]`. */
  declare(id: number, declarator: string, depth: number): string {
    if (depth > MAX_DEPTH || ++this.#parts > MAX_PARTS) return joined("...", declarator);
    const type = this.#btf.type(id);
    switch (type.kind) {
      case "ptr": {
        const target = this.#btf.kind(type.type);
        const pointer = `*${declarator}`;
        const inner = target === "array" || target === "func_proto" ? `(${pointer})` : pointer;
        return this.declare(type.type, inner, depth + 1);
      }
      case "const":
      case "volatile":
      case "restrict":
        return this.#btf.kind(type.type) === "ptr"
          ? this.declare(type.type, joined(type.kind, declarator), depth + 1)
          : `${type.kind} ${this.declare(type.type, declarator, depth + 1)}`;
      case "type_tag":
        return this.declare(type.type, declarator, depth + 1);
      case "array":
        return this.declare(type.elementType, `${declarator}[${type.length}]`, depth + 1);
      case "func_proto": {
        const parameters = type.parameters.map((parameter, i) =>
          parameter.type === 0 && i === type.parameters.length - 1
            ? "..."
            : this.declare(parameter.type, "", depth + 1),
        );
        const list = parameters.length === 0 ? "void" : parameters.join(", ");
        return this.declare(type.returnType, `${declarator}(${list})`, depth + 1);
      }
      case "struct":
      case "union": {
        if (type.name !== "") return joined(`${type.kind} ${type.name}`, declarator);
        const members = type.members.map((member) => {
          const bits = member.bitfieldBits === 0 ? "" : `:${member.bitfieldBits}`;
          return `${this.declare(member.type, member.name, depth + 1)}${bits};`;
        });
        return joined(`${type.kind} { ${members.join(" ")} }`, declarator);
      }
      case "enum":
      case "enum64": {
        if (type.name !== "") return joined(`enum ${type.name}`, declarator);
        return joined(`enum { ${type.values.map(({ name }) => name).join(", ")} }`, declarator);
      }
      case "fwd":
        return joined(`${type.union ? "union" : "struct"} ${type.name}`, declarator);
      case "void":
        return joined("void", declarator);
      case "func":
        return this.declare(type.type, joined(type.name, declarator), depth + 1);
      default:
        return joined(type.name, declarator);
    }
  }
}

function joined(text: string, declarator: string): string {
  if (declarator === "") return text;
  return declarator.startsWith("[") ? `${text}${declarator}` : `${text} ${declarator}`;
}
