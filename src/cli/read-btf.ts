import { existsSync } from "node:fs";
import { Btf } from "../btf/index.ts";
import { parseElf } from "../elf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { isDebianPackage, kernelOfPackage } from "./deb-kernel.ts";
import { aboutFile, readInput } from "./input-file.ts";
import { btfOfImage, isVmlinuz, vmlinuxOf } from "./vmlinuz.ts";

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

/**
 * BTF from a bare BTF blob, from the section `.BTF` of an ELF file, or from a compressed kernel, in a Debian package
 * or not; `vmlinux` is the running kernel's unless there is a file of this name.
 *
 * @param basePath BTF that this one extends; default for a kernel module's: the kernel's
 */
export function readBtf(path: string, basePath?: string): Btf {
  const file = path === "vmlinux" && !existsSync(path) ? KERNEL_BTF : path;
  const bytes = readInput(file);
  const isModule = /^\/sys\/kernel\/btf\/(?!vmlinux$)[^/]+$/.test(file);
  const baseFile = basePath ?? (isModule ? KERNEL_BTF : undefined);
  const base = baseFile === undefined ? undefined : readBtf(baseFile);
  return aboutFile(file, () => Btf.parse(btfIn(bytes, file), base === undefined ? {} : { base }));
}

/** The BTF in a file of any of these kinds. */
function btfIn(bytes: Uint8Array, path: string): Uint8Array {
  const image = isDebianPackage(bytes) ? kernelOfPackage(path) : bytes;
  const found = kernelBtf(image) ?? (isVmlinuz(image) ? kernelBtf(vmlinuxOf(image)) : undefined);
  if (found !== undefined) return found;
  throw new WasmBpfError("MALFORMED_INPUT", "it is neither BTF nor an ELF file nor a kernel");
}

function kernelBtf(bytes: Uint8Array): Uint8Array | undefined {
  return plainBtf(bytes) ?? btfOfImage(bytes);
}

/** `undefined` for what is neither BTF nor an ELF file. */
function plainBtf(bytes: Uint8Array): Uint8Array | undefined {
  const isBtf = (bytes[0] === 0x9f && bytes[1] === 0xeb) || (bytes[0] === 0xeb && bytes[1] === 0x9f);
  if (isBtf) return bytes;
  const isElf = bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  if (!isElf) return undefined;
  const section = parseElf(bytes).sections.find((candidate) => candidate.name === ".BTF");
  if (section !== undefined) return section.data;
  throw new WasmBpfError("NOT_FOUND", "the ELF file has no section .BTF. Compile BPF programs with clang -g");
}
