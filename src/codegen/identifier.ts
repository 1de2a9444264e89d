/** Makes a C identifier of any text: what cannot stand in one becomes `_`. */
export function toIdentifier(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_]/g, "_");
  return name === "" || /^[0-9]/.test(name) ? `_${name}` : name;
}

/**
 * The name a skeleton gets from its object's file name: `dir/boot-strap.bpf.o` becomes `boot_strap_bpf`.
 * Not cut, unlike bpftool's.
 */
export function skeletonName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return toIdentifier(file.endsWith(".o") ? file.slice(0, -2) : file);
}

/** Start of the tag that an enum without a name was given, so that something can refer to it. */
export const PLACEHOLDER_TAG = "wasm_bpf_anonymous_";

/** Name of a type as its author wrote it: "" for a placeholder. */
export function writtenName(name: string): string {
  return name.startsWith(PLACEHOLDER_TAG) ? "" : name;
}

/** Include guard of a generated header. */
export function headerGuard(name: string, suffix: string): string {
  return `__${name}_${suffix}__`.toUpperCase();
}
