import { Btf, type CoreSource, parseBtfExt } from "../btf/index.ts";
import { parseElf } from "../elf/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import { checkBpfObject } from "./sections.ts";

/**
 * The types and CO-RE relocations of an object file, whether or not it can be loaded.
 *
 * @throws {MalformedInputError} when the file is damaged, no BPF object, or has no BTF.
 */
export function objectTypes(bytes: Uint8Array): CoreSource {
  const file = parseElf(bytes);
  checkBpfObject(file);
  const section = file.section(".BTF");
  if (section === undefined) throw new MalformedInputError("the object has no BTF; compile with -g");
  const btf = Btf.parse(section.data);
  const ext = file.section(".BTF.ext");
  return { btf, btfExt: ext === undefined ? undefined : parseBtfExt(ext.data, btf) };
}
