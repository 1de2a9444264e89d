import { PLACEHOLDER_TAG } from "../codegen/index.ts";

/** A type that a piece of C defines at file scope. */
export interface CDefinition {
  /** As a variable of it is declared: `struct event`, `enum mode`, `point_t`. */
  readonly declaration: string;
  /** Declaration of the type that this is only another name for: `struct event` for `event_t`. */
  readonly of?: string;
  readonly kind: "struct" | "union" | "enum";
  /** File it is defined in, as the preprocessor names it. */
  readonly file: string;
}

/** A macro that is defined at the end. */
export interface CMacro {
  readonly name: string;
  /** Everything after `#define `. */
  readonly text: string;
  readonly file: string;
}

/** What the preprocessor made of a source. */
export interface PreprocessedC {
  /** For the compiler: without directives, anonymous enums named. */
  readonly text: string;
  readonly definitions: readonly CDefinition[];
  readonly macros: readonly CMacro[];
  /** Files that were read, without those in the compiler's system directories. */
  readonly files: readonly string[];
}

const TOKEN = /\/\*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|[^\s\w]/gu;

/** First character of a name. */
const NAME = /^[\p{L}_$]/u;

const LINE_MARKER = /^# \d+ "((?:\\.|[^"\\])*)"([ \d]*)$/;

/** Parts of the preprocessor's output that are no place in a file. */
const PSEUDO_FILE = /^<.*>$/;

/**
 * Finds the definitions in the output of `clang -E -dD`: structs, unions and enums with a tag and their further names,
 * those that only a typedef names, and enums without any name. Types that are local to a function are left out.
 *
 * @param wanted files that definitions and macros are looked for in; those of the system never count
 */
export function scanPreprocessed(
  output: string,
  wanted: (file: string) => boolean = () => true,
): PreprocessedC {
  const lines = output.split("\n");
  const files = new Set<string>();
  const system = new Set<string>();
  const macros = new Map<string, CMacro>();
  const kept: string[] = [];
  const fileOfLine: string[] = [];
  let file = "";
  for (const line of lines) {
    const marker = LINE_MARKER.exec(line);
    if (marker !== null) {
      file = (marker[1] ?? "").replace(/\\(.)/g, "$1");
      const isSystem = (marker[2] ?? "").split(" ").includes("3") || PSEUDO_FILE.test(file);
      (isSystem ? system : files).add(file);
    } else if (line.startsWith("#define ")) {
      const text = line.slice("#define ".length);
      const name = /^\w+/.exec(text)?.[0] ?? "";
      macros.set(name, { name, text, file });
    } else if (line.startsWith("#undef ")) {
      macros.delete(line.slice("#undef ".length).trim());
    }
    // NB: pragmas matter to the layout.
    const isDropped = line.startsWith("#define ") || line.startsWith("#undef ");
    kept.push(isDropped ? "" : line);
    fileOfLine.push(wanted(file) ? file : "");
  }
  const own = [...files].filter((path) => !system.has(path));
  const { text, definitions } = new Scanner(kept.join("\n"), fileOfLine).scan();
  return {
    text,
    definitions: definitions.filter((definition) => own.includes(definition.file)),
    macros: [...macros.values()].filter((macro) => own.includes(macro.file) && wanted(macro.file)),
    files: own,
  };
}

/** The body of a struct, union or enum that has begun. */
interface Body {
  readonly kind: CDefinition["kind"];
  readonly tag: string;
  readonly file: string;
  /** Offset behind the word `enum`. */
  readonly tagAt: number;
}

class Scanner {
  readonly #text: string;
  readonly #tokens: { readonly word: string; readonly index: number }[];
  readonly #definitions: CDefinition[] = [];
  readonly #aliases: CDefinition[] = [];
  readonly #insertions: { readonly at: number; readonly text: string }[] = [];
  readonly #fileOfLine: readonly string[];
  readonly #lineOfToken: number[] = [];

  constructor(text: string, fileOfLine: readonly string[]) {
    this.#text = text;
    this.#fileOfLine = fileOfLine;
    this.#tokens = [];
    let line = 0;
    let at = 0;
    for (const code of text.split("\n")) {
      // Lines that start with # say where the next one comes from. A file opens and closes the same braces.
      if (!code.startsWith("#") && fileOfLine[line] !== "") {
        for (const token of code.matchAll(TOKEN)) {
          this.#tokens.push({ word: token[0], index: at + token.index });
          this.#lineOfToken.push(line);
        }
      }
      at += code.length + 1;
      line++;
    }
  }

  scan(): { text: string; definitions: readonly CDefinition[] } {
    // `undefined`: a function's body or an initializer.
    const braces: (Body | undefined)[] = [];
    let isTypedef = false;
    let opening: Body | undefined;
    for (let i = 0; i < this.#tokens.length; i++) {
      const word = this.#word(i);
      if (word === "typedef" && braces.length === 0) isTypedef = true;
      else if (word === "struct" || word === "union" || word === "enum") {
        const head = this.#head(i, word);
        opening = head.isDefinition ? head.body : undefined;
        i = head.last;
        if (isTypedef && !head.isDefinition && braces.length === 0) this.#alias(head.body, i + 1);
      } else if (word === "{") {
        braces.push(opening);
        opening = undefined;
      } else if (word === "}") {
        const closed = braces.pop();
        if (closed !== undefined && !braces.includes(undefined)) {
          this.#define(closed, i, isTypedef && braces.length === 0);
        }
      } else if (word === ";" && braces.length === 0) isTypedef = false;
    }
    let text = this.#text;
    for (const { at, text: inserted } of this.#insertions.reverse()) {
      text = `${text.slice(0, at)} ${inserted}${text.slice(at)}`;
    }
    const defined = new Set(this.#definitions.map(({ declaration }) => declaration));
    const aliases = this.#aliases.filter(({ of }) => of !== undefined && defined.has(of));
    return { text, definitions: [...this.#definitions, ...aliases] };
  }

  #word(i: number): string {
    return this.#tokens[i]?.word ?? "";
  }

  /** What follows `struct`, `union` or `enum`. */
  #head(i: number, kind: CDefinition["kind"]): { body: Body; isDefinition: boolean; last: number } {
    let at = i + 1;
    let tag = "";
    for (;;) {
      const word = this.#word(at);
      if (word === "__attribute__" || word === "__declspec") at = this.#afterParentheses(at + 1);
      else if (tag === "" && NAME.test(word)) {
        tag = word;
        at++;
      } else break;
    }
    const token = this.#tokens[i];
    const body = {
      kind,
      tag,
      file: this.#fileOfLine[this.#lineOfToken[i] ?? 0] ?? "",
      tagAt: (token?.index ?? 0) + kind.length,
    };
    // An enum may say its type: enum x : unsigned char {
    if (kind === "enum" && this.#word(at) === ":") while (!/^[{;]?$/.test(this.#word(at))) at++;
    return { body, isDefinition: this.#word(at) === "{", last: at - 1 };
  }

  #afterParentheses(start: number): number {
    let depth = 0;
    for (let at = start; at < this.#tokens.length; at++) {
      const word = this.#word(at);
      if (word === "(") depth++;
      else if (word === ")" && --depth === 0) return at + 1;
      else if (depth === 0) return at;
    }
    return this.#tokens.length;
  }

  /** Notes the definition whose closing brace is token `i`. */
  #define(body: Body, i: number, isTypedef: boolean): void {
    const { kind, tag, file, tagAt } = body;
    if (tag !== "") {
      this.#definitions.push({ declaration: `${kind} ${tag}`, kind, file });
      if (isTypedef) this.#alias(body, i + 1);
      return;
    }
    if (isTypedef) {
      const name = this.#typedefName(i + 1);
      if (name !== undefined) this.#definitions.push({ declaration: name, kind, file });
      return;
    }
    const next = this.#word(i + 1);
    if (kind !== "enum" || next !== ";") return;
    // Nothing could refer to it without a name.
    const name = `${PLACEHOLDER_TAG}${this.#insertions.length}`;
    this.#insertions.push({ at: tagAt, text: name });
    this.#definitions.push({ declaration: `enum ${name}`, kind, file });
  }

  /** Notes what a typedef calls a type with a tag. */
  #alias({ kind, tag, file }: Body, declarators: number): void {
    const name = this.#typedefName(declarators);
    if (name !== undefined) this.#aliases.push({ declaration: name, of: `${kind} ${tag}`, kind, file });
  }

  /** The first plain name among the declarators that start at token `at`: not a pointer, array or function. */
  #typedefName(start: number): string | undefined {
    let before = ",";
    for (let at = start; at < this.#tokens.length; at++) {
      const word = this.#word(at);
      if (word === ";") return undefined;
      if (word === "__attribute__") {
        at = this.#afterParentheses(at + 1) - 1;
        continue;
      }
      const isPlain = before === "," && NAME.test(word);
      if (isPlain && [",", ";", "__attribute__"].includes(this.#word(at + 1))) return word;
      before = word;
    }
    return undefined;
  }
}
