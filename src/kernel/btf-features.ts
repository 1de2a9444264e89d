import {
  BTF_KIND_DATASEC,
  BTF_KIND_DECL_TAG,
  BTF_KIND_ENUM64,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_INT,
  BTF_KIND_PTR,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_VAR,
} from "../btf/index.ts";
import { ByteWriter, encodeText } from "../internal/index.ts";
import { getSys } from "../sys/index.ts";
import { answerOf, cachedFeature } from "./feature-cache.ts";
import { loadBtf } from "./load-btf.ts";
import { machineIsLittleEndian } from "./machine.ts";
import { btfInfo } from "./object-info.ts";

const BTF_MAGIC = 0xeb9f;
const HEADER_SIZE = 24;

/** Word of the type record that holds kind and member count. */
function kind(number: number, count = 0): number {
  return (number << 24) | count;
}

/** `int` of 32 bits, signed. */
const INT: readonly number[] = [1, kind(BTF_KIND_INT), 4, 0x0100_0020];

function rawBtf(words: readonly number[], strings: string): Uint8Array {
  const text = encodeText(`\0${strings}\0`);
  const writer = new ByteWriter(machineIsLittleEndian(), HEADER_SIZE + words.length * 4 + text.length);
  writer.u16(BTF_MAGIC).u8(1).u8(0).u32(HEADER_SIZE);
  writer
    .u32(0)
    .u32(words.length * 4)
    .u32(words.length * 4)
    .u32(text.length);
  for (const word of words) writer.u32(word);
  return writer.bytes(text).finish();
}

/** BTF whose only type, number 1, is `int`. */
export function intBtf(): Uint8Array {
  return rawBtf(INT, "int");
}

function accepts(name: string, words: readonly number[], strings: string): boolean {
  return cachedFeature(`BTF ${name}`, () => answerOf(loadBtf(rawBtf(words, strings))));
}

// Offsets into the strings below: offset 0 is the empty string, offset 1 the first name.

/** BTF at all. Linux >= 4.18. */
export function haveBtf(): boolean {
  return accepts("minimal", INT, "int");
}

function functionProbe(linkage: number): readonly number[] {
  return [...INT, 0, kind(BTF_KIND_FUNC_PROTO, 1), 0, 7, 1, 5, kind(BTF_KIND_FUNC, linkage), 2];
}

/** BTF of functions, and with it func info and line info. Linux >= 5.0. */
export function haveBtfFunctions(): boolean {
  return accepts("functions", functionProbe(0), "int\0x\0a");
}

/** BTF linkage of functions. Linux >= 5.6. */
export function haveBtfGlobalFunctions(): boolean {
  return accepts("global functions", functionProbe(1), "int\0x\0a");
}

const VARIABLE: readonly number[] = [...INT, 1, kind(BTF_KIND_VAR), 1, 0];
const SECTION: readonly number[] = [...VARIABLE, 3, kind(BTF_KIND_DATASEC, 1), 4, 2, 0, 4];

/** BTF of variables and data sections. Linux >= 5.2. */
export function haveBtfDatasec(): boolean {
  return accepts("data sections", SECTION, "x\0.data");
}

/** Data section names that start with `?`. Linux >= 6.9. */
export function haveBtfQuestionMarkDatasec(): boolean {
  return accepts("question mark data sections", SECTION, "x\0?.data");
}

/** Linux >= 5.13. */
export function haveBtfFloat(): boolean {
  return accepts("float", [1, kind(BTF_KIND_FLOAT), 4], "float");
}

/** Linux >= 5.16. */
export function haveBtfDeclTag(): boolean {
  return accepts("declaration tags", [...VARIABLE, 1, kind(BTF_KIND_DECL_TAG), 2, 0xffff_ffff], "tag");
}

/** Linux >= 5.17. */
export function haveBtfTypeTag(): boolean {
  return accepts("type tags", [...INT, 1, kind(BTF_KIND_TYPE_TAG), 1, 0, kind(BTF_KIND_PTR), 2], "tag");
}

const KIND_FLAG = 0x8000_0000;

/** Tags that stand for any attribute, not only `btf_type_tag`. Linux >= 6.15. */
export function haveBtfAttributeTags(): boolean {
  const tag = [1, (KIND_FLAG | kind(BTF_KIND_TYPE_TAG)) >>> 0, 1];
  return accepts("attribute tags", [...INT, ...tag, 0, kind(BTF_KIND_PTR), 2], "tag");
}

/** Linux >= 6.0. */
export function haveBtfEnum64(): boolean {
  return accepts("enum64", [1, kind(BTF_KIND_ENUM64), 8], "enum64");
}

/** BTF of kernel modules: told by the info field for the name, which came with it. Linux >= 5.11. */
export function haveModuleBtf(): boolean {
  return cachedFeature("module BTF", () => {
    const fd = loadBtf(rawBtf(INT, "int"));
    if (fd < 0) return answerOf(fd);
    const known = typeof btfInfo(fd) !== "number";
    getSys().close(fd);
    return known;
  });
}

/** Whether the kernel accepts a BTF_KIND_* in BTF that programs bring. */
export function haveBtfKind(number: number): boolean {
  switch (number) {
    case BTF_KIND_FUNC:
    case BTF_KIND_FUNC_PROTO:
      return haveBtfFunctions();
    case BTF_KIND_VAR:
    case BTF_KIND_DATASEC:
      return haveBtfDatasec();
    case BTF_KIND_FLOAT:
      return haveBtfFloat();
    case BTF_KIND_DECL_TAG:
      return haveBtfDeclTag();
    case BTF_KIND_TYPE_TAG:
      return haveBtfTypeTag();
    case BTF_KIND_ENUM64:
      return haveBtfEnum64();
    default:
      return number >= BTF_KIND_INT && number < BTF_KIND_FUNC && haveBtf();
  }
}
