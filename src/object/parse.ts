import { Btf, type BtfExt, parseBtfExt } from "../btf/index.ts";
import { parseElf } from "../elf/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import { BPF_MAP_TYPE_ARENA } from "../uapi/bpf.ts";
import { type Code, type CodeFunction, collectCode } from "./code.ts";
import { completeBtf } from "./complete-btf.ts";
import { DeclarationError } from "./declaration-error.ts";
import { collectExterns } from "./externs.ts";
import { globalDataMap, kconfigMap, withArenaVariables } from "./internal-maps.ts";
import { Linker } from "./link-program.ts";
import { type MapDefinition, readMapDefinitions } from "./map-definitions.ts";
import { addInitialValues } from "./map-values.ts";
import { objectName } from "./names.ts";
import { matchSection } from "./section-kinds.ts";
import { collectSections, type ObjectSections } from "./sections.ts";
import type { MapSpec, ObjectSpec, ProgramSpec } from "./spec.ts";
import { structOpsMaps } from "./struct-ops.ts";

/** Options of {@link parseObject}. */
export interface ParseOptions {
  /**
   * Name of the object, for example its file name: the base name up to the first dot is used. It starts the
   * kernel names of the internal maps. Default `wasm_bpf`.
   */
  readonly name?: string;
}

/**
 * Reads a compiled BPF object: programs with everything they call, maps, global variables and externs. The
 * answer is the same on every machine; nothing is asked of the kernel.
 *
 * @param bytes an ELF file of either byte order, as `clang -target bpf -g -c` makes it.
 * @throws {MalformedInputError} when the file is damaged or refers to what is not in it.
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when it needs what libbpf 1.x gave up, such as legacy maps.
 */
export function parseObject(bytes: Uint8Array, options: ParseOptions = {}): ObjectSpec {
  const name = objectName(options.name);
  const sections = collectSections(parseElf(bytes));
  const code = collectCode(sections);
  const { btf, btfExt } = readTypes(sections, code);
  const externs = collectExterns(sections.symbols, btf);
  const definitions = readMaps(sections, btf);
  const maps = [
    ...withArenaVariables(addInitialValues(definitions, sections, code), btf, sections),
    ...sections.data.map((data) => globalDataMap(data, name, btf, sections)),
  ];
  const kconfig = btf === undefined ? undefined : kconfigMap(externs.specs, name, btf);
  if (kconfig !== undefined) maps.push(kconfig);
  for (const section of sections.structOps) maps.push(...structOpsMaps(section, btf, sections, code));

  const linker = new Linker({
    targets: {
      sections,
      code,
      externs: externs.bySymbol,
      mapsByOffset: new Map(definitions.map(({ offsetBytes, spec }) => [offsetBytes, spec.name])),
      dataMaps: dataMaps(sections, maps),
    },
    btf,
    btfExt,
  });
  const callbacks = exceptionCallbacks(btf);
  const programs = code.functions
    .filter(({ entry }) => entry)
    .map((main) => programSpec(main, linker, exceptionCallback(main, callbacks, code)));

  return {
    name,
    license: sections.license,
    kernelVersion: sections.kernelVersion,
    littleEndian: sections.file.littleEndian,
    btf,
    btfExt,
    programs,
    maps,
    externs: externs.specs,
  };
}

function programSpec(main: CodeFunction, linker: Linker, extra: readonly CodeFunction[]): ProgramSpec {
  const sectionName = main.section.name;
  return {
    name: main.name,
    sectionName,
    section: matchSection(sectionName),
    autoload: !sectionName.startsWith("?"),
    autoattach: true,
    ...linker.link(main, extra),
  };
}

function readTypes(
  sections: ObjectSections,
  code: Code,
): { btf: Btf | undefined; btfExt: BtfExt | undefined } {
  if (sections.btf === undefined) return { btf: undefined, btfExt: undefined };
  const raw = Btf.parse(sections.btf.data, { section: ".BTF" });
  const btfExt = sections.btfExt === undefined ? undefined : parseBtfExt(sections.btfExt.data, raw);
  return { btf: completeBtf(raw, sections, code), btfExt };
}

function readMaps(sections: ObjectSections, btf: Btf | undefined): MapDefinition[] {
  if (sections.maps === undefined || sections.maps.size === 0) return [];
  if (btf === undefined) {
    throw new DeclarationError(
      { kind: "maps without types" },
      "the object has no BTF, which its maps are defined in; compile with -g",
      { section: ".maps" },
    );
  }
  return readMapDefinitions(btf, sections.maps.size);
}

/** Maps that variables of a section are in; those of the arena's section are in the arena. */
function dataMaps(sections: ObjectSections, maps: readonly MapSpec[]): Map<number, string> {
  const names = new Map(sections.data.map(({ section }) => [section.index, section.name]));
  const arena = maps.find(({ type }) => type === BPF_MAP_TYPE_ARENA);
  if (sections.arena !== undefined && arena !== undefined) names.set(sections.arena.index, arena.name);
  return names;
}

/** Callbacks of `__exception_cb(name)` by the name of the program. */
function exceptionCallbacks(btf: Btf | undefined): Map<string, string> {
  const prefix = "exception_callback:";
  const callbacks = new Map<string, string>();
  if (btf === undefined) return callbacks;
  for (let id = 1; id < btf.typeCount; id++) {
    if (btf.kind(id) !== "decl_tag" || !btf.name(id).startsWith(prefix)) continue;
    const tag = btf.type(id);
    if (tag.kind !== "decl_tag" || tag.componentIndex !== -1) continue;
    callbacks.set(btf.name(tag.type), tag.name.slice(prefix.length));
  }
  return callbacks;
}

/** Nothing calls the callback, so it would not be linked otherwise. */
function exceptionCallback(
  main: CodeFunction,
  callbacks: ReadonlyMap<string, string>,
  code: Code,
): CodeFunction[] {
  const wanted = callbacks.get(main.name);
  if (wanted === undefined) return [];
  const callback = code.functions.find(({ name, entry, global }) => name === wanted && !entry && global);
  if (callback === undefined) {
    throw new MalformedInputError(
      `program "${main.name}" names exception callback "${wanted}", which is no global function`,
    );
  }
  return [callback];
}
