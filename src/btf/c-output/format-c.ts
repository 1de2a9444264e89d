import type { Btf } from "../btf.ts";
import { CNames } from "./names.ts";
import { CDefinitions } from "./order.ts";
import { referencedEnums } from "./referenced.ts";

/** Options of {@link formatC}. */
export interface FormatCOptions {
  /** Types to define, with all that they need; default: all types of the BTF, sorted by kind and name. */
  readonly ids?: readonly number[];
  /** All types in the order of their ids. */
  readonly unsorted?: boolean;
  /** Declares the kernel functions that programs may call; default: when `ids` is not given. */
  readonly kernelFunctions?: boolean;
  /** Include guard; default `__VMLINUX_H__`. */
  readonly guard?: string;
}

const PREAMBLE = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

#ifndef __weak
#define __weak __attribute__((weak))
#endif

#ifndef __bpf_fastcall
#if __has_attribute(bpf_fastcall)
#define __bpf_fastcall __attribute__((bpf_fastcall))
#else
#define __bpf_fastcall
#endif
#endif

`;

const EPILOGUE = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif
`;

/**
 * A C header with the types of a BTF for BPF programs (`vmlinux.h`): compiled for BPF it gives the same sizes
 * and offsets, and accesses to its structs are relocatable. Does what `bpftool btf dump ... format c` 7.8 does.
 *
 * @throws {MalformedInputError} when the types cannot be expressed in C.
 */
export function formatC(btf: Btf, options: FormatCOptions = {}): string {
  const guard = options.guard ?? "__VMLINUX_H__";
  const names = new CNames(btf);
  const definitions = new CDefinitions(btf, names);
  for (const id of options.ids ?? allDefinitions(btf, options.unsorted !== true)) definitions.define(id);
  const functions =
    (options.kernelFunctions ?? options.ids === undefined) ? kernelFunctions(btf, names, definitions) : "";
  return (
    `#ifndef ${guard}\n#define ${guard}\n\n${PREAMBLE}${definitions.text}${functions}` +
    `${EPILOGUE}\n#endif /* ${guard} */\n`
  );
}

/** All types that make definitions; sorted, in an order that stays the same when a kernel is built again. */
function allDefinitions(btf: Btf, sorted: boolean): number[] {
  const referenced = referencedEnums(btf);
  const entries: { id: number; rank: number; name: string }[] = [];
  for (let id = 1; id < btf.typeCount; id++) {
    const kind = btf.kind(id);
    let name = btf.name(id);
    let rank: number;
    switch (kind) {
      case "enum":
      case "enum64": {
        // Anonymous enums that nothing refers to define constants.
        if (name === "" && referenced.has(id)) continue;
        rank = name === "" ? 0 : 1;
        const type = btf.type(id);
        if (name === "" && "values" in type) name = type.values[0]?.name ?? "";
        break;
      }
      case "typedef":
        rank = 2;
        break;
      case "struct":
      case "union":
        if (name === "") continue;
        rank = 3;
        break;
      case "fwd":
        rank = 4;
        break;
      default:
        continue;
    }
    entries.push({ id, rank, name });
  }
  if (!sorted) return entries.map(({ id }) => id);
  entries.sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id));
  return entries.map((entry) => entry.id);
}

/** Functions that the kernel marks as callable from BPF programs, by name. */
function kernelFunctions(btf: Btf, names: CNames, definitions: CDefinitions): string {
  const tagged = new Map<number, Set<string>>();
  for (let id = 1; id < btf.typeCount; id++) {
    if (btf.kind(id) !== "decl_tag") continue;
    const tag = btf.type(id);
    if (tag.kind !== "decl_tag" || tag.componentIndex !== -1 || btf.kind(tag.type) !== "func") continue;
    const tags = tagged.get(tag.type) ?? new Set();
    tagged.set(tag.type, tags.add(tag.name));
  }
  const lines: string[] = [];
  const functions = [...tagged]
    .filter(([, tags]) => tags.has("bpf_kfunc"))
    .map(([id, tags]) => ({ id, name: btf.name(id), fast: tags.has("bpf_fastcall") }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id));
  const declared = new Set<string>();
  for (const { id, name, fast } of functions) {
    const type = btf.type(id);
    if (type.kind !== "func" || declared.has(name)) continue;
    declared.add(name);
    definitions.need(type.type);
    const declaration = definitions.writer.declare(type.type, names.newIdentifier(name));
    lines.push(`extern ${fast ? "__bpf_fastcall " : ""}${declaration} __weak __ksym;\n`);
  }
  return `\n/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n${lines.join("")}#endif\n\n`;
}
