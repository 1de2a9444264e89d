import { relative, resolve } from "node:path";
import { type Btf, type BtfComposite, isComposite } from "../btf/index.ts";
import { wasmDataSegments } from "../internal/index.ts";
import type { CDefinition, PreprocessedC } from "./c-definitions.ts";
import { type CompileCommand, compileProbe, type ProbedTypes } from "./type-probe.ts";

/** A struct that the two halves of an application do not lay out alike. */
export interface LayoutDifference {
  /** `struct event` */
  readonly declaration: string;
  /** The header both include, relative to the project. */
  readonly header: string;
  /** `field "when" is at offset 8 in BPF and 4 in the guest` */
  readonly what: string;
}

/** A number that both sides have to agree on. */
interface Fact {
  readonly definition: CDefinition;
  readonly expression: string;
  readonly expected: number;
  describe(actual: number): string;
}

/** What the numbers stand behind in the guest's object. */
const MAGIC: readonly number[] = [0x5f77_6173, 0x6d5f_6270, 0x665f_6c61, 0x796f_7574];

const MAX_DEPTH = 64;

/**
 * Finds structs and unions of headers that both halves include and whose size, or the place or size of a member, is
 * not the same for the guest as for BPF.
 *
 * @param guest how a source of the guest is compiled
 * @returns one difference for each struct; nothing when the guest's source has errors, which its compilation shows
 */
export async function findLayoutDifferences(
  bpf: ProbedTypes,
  guest: CompileCommand,
  guestSource: PreprocessedC,
): Promise<LayoutDifference[]> {
  const mentioned = sharedDefinitions([...bpf.ids.keys()], guestSource.definitions, guest.directory).filter(
    ({ declaration }) => isMentioned(declaration, guestSource.text),
  );
  // One type may have several names.
  const typeOf = (definition: CDefinition): number => bpf.btf.resolve(bpf.ids.get(definition) ?? 0);
  const shared = [...new Map(mentioned.reverse().map((each) => [typeOf(each), each])).values()].reverse();
  const facts = shared.flatMap((definition) => factsOf(bpf.btf, bpf.ids.get(definition) ?? 0, definition));
  if (facts.length === 0) return [];
  const numbers = [...MAGIC.map(String), ...facts.map(({ expression }) => expression)];
  const probe = `${guestSource.text}
__attribute__((used)) const unsigned wasm_bpf_layout[] = {
${numbers.map((number) => `(unsigned)(${number}),\n`).join("")}};
`;
  let messages = "";
  // NB: the skeleton asserts sizes, too, of variables: what is wrong with their types is the better message.
  const unasserted = ["-x", "c", "-D_Static_assert(...)="];
  const options = ["-O0", "-w", "-fno-color-diagnostics", ...unasserted];
  const object = await compileProbe(guest, options, probe, (text) => {
    messages += text;
  });
  const header = ({ file }: CDefinition): string => relative(guest.directory, resolve(guest.directory, file));
  if (object === undefined) {
    // A member that only BPF sees.
    const [, member, declaration] = /no member named '([^']+)' in '([^']+)'/.exec(messages) ?? [];
    const definition = shared.find((candidate) => sameName(candidate.declaration, declaration));
    if (definition === undefined) return [];
    const what = `field "${member}" is there in BPF only`;
    return [{ declaration: definition.declaration, header: header(definition), what }];
  }
  const actual = readNumbers(object, facts.length);
  const differences = new Map<CDefinition, LayoutDifference>();
  facts.forEach(({ definition, expected, describe }, i) => {
    const value = actual[i];
    if (value === undefined || value === expected || differences.has(definition)) return;
    const { declaration } = definition;
    differences.set(definition, { declaration, header: header(definition), what: describe(value) });
  });
  return [...differences.values()];
}

/** Whether a text says the name of a type more often than to define it: nothing can go wrong with the others. */
function isMentioned(declaration: string, text: string): boolean {
  const name = declaration.split(" ").at(-1) ?? "";
  // NB: not in strings, which hold the BPF object with its source lines.
  const code = text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""');
  return (
    [
      ...code.matchAll(
        new RegExp(`(?<![\\p{L}\\p{N}_$])${name.replaceAll("$", "\\$")}(?![\\p{L}\\p{N}_$])`, "gu"),
      ),
    ].length > 1
  );
}

/** Compilers leave the word `struct` out of some messages. */
function sameName(declaration: string, printed: string | undefined): boolean {
  return declaration.split(" ").at(-1) === printed?.split(" ").at(-1);
}

function sharedDefinitions(
  bpf: readonly CDefinition[],
  guest: readonly CDefinition[],
  directory: string,
): CDefinition[] {
  const key = ({ declaration, file }: CDefinition): string => `${declaration}\n${resolve(directory, file)}`;
  const known = new Set(guest.map(key));
  return bpf.filter((definition) => definition.kind !== "enum" && known.has(key(definition)));
}

/** Places and sizes of the members, in their order, and the whole size. */
function factsOf(btf: Btf, typeId: number, definition: CDefinition): Fact[] {
  const type = btf.type(btf.resolve(typeId));
  if (!isComposite(type)) return [];
  const { declaration } = definition;
  const facts: Fact[] = [];
  const visit = (composite: BtfComposite, offsetBytes: number, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    for (const member of composite.members) {
      const at = offsetBytes + member.offsetBits / 8;
      const inner = btf.type(btf.resolve(member.type));
      if (member.name === "") {
        if (isComposite(inner)) visit(inner, at, depth + 1);
      } else if (member.bitfieldBits === 0) {
        facts.push({
          definition,
          expression: `__builtin_offsetof(${declaration}, ${member.name})`,
          expected: at,
          describe: (actual) => `field "${member.name}" is at offset ${at} in BPF and ${actual} in the guest`,
        });
        const size = btf.sizeOf(member.type);
        if (size === 0) continue;
        facts.push({
          definition,
          expression: `sizeof(((${declaration} *)0)->${member.name})`,
          expected: size,
          describe: (actual) =>
            `field "${member.name}" at offset ${at} has ${size} bytes in BPF and ${actual} in the guest`,
        });
      } else if (inner.kind === "int") {
        // A bit-field has no address; where it lies follows from the size of the type that it is declared with.
        const { name, sizeBytes } = inner;
        facts.push({
          definition,
          expression: `sizeof(${name})`,
          expected: sizeBytes,
          describe: (actual) =>
            `bit-field "${member.name}" lies in units of ${sizeBytes} bytes in BPF and ${actual} in the guest`,
        });
      }
    }
  };
  visit(type, 0, 0);
  const size = type.sizeBytes;
  facts.push({
    definition,
    expression: `sizeof(${declaration})`,
    expected: size,
    describe: (actual) => `it has ${size} bytes in BPF and ${actual} in the guest`,
  });
  return facts;
}

/** The numbers behind the magic ones in the data of a WebAssembly object. */
function readNumbers(object: Uint8Array, count: number): number[] {
  for (const { bytes } of wasmDataSegments(object)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = 4 * (MAGIC.length + count);
    for (let at = 0; at + length <= bytes.length; at += 4) {
      if (!MAGIC.every((word, i) => view.getUint32(at + 4 * i, true) === word)) continue;
      return Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * (MAGIC.length + i), true));
    }
  }
  return [];
}
