/** Longest name in the kernel, without the terminating NUL. */
const NAME_LENGTH = 15;

/** Shortens a name to what the kernel takes and replaces the characters that it refuses. */
export function kernelMapName(name: string): string {
  return name.slice(0, NAME_LENGTH).replaceAll(/[^A-Za-z0-9_.]/g, "_");
}

/**
 * Kernel name of an internal map as libbpf forms it: `.rodata`, `.data`, `.bss` and `.kconfig` follow the start
 * of the object's name, sections with a name of their own (`.data.custom`) stand alone.
 */
export function internalMapName(objectName: string, section: string): string {
  const suffixLength = Math.min(Math.max(7, section.length), NAME_LENGTH);
  const prefix = section.indexOf(".", 1) >= 0 ? "" : objectName.slice(0, NAME_LENGTH - suffixLength);
  return kernelMapName(prefix + section.slice(0, suffixLength));
}

/** An object's name from what the caller calls it, such as a file name: base name up to the first dot. */
export function objectName(name: string | undefined): string {
  const base = (name ?? "").split("/").at(-1)?.split(".")[0] ?? "";
  const clean = base.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return clean === "" ? "wasm_bpf" : clean;
}
