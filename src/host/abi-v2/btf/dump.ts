import { type Btf, type BtfKind, dumpTypeData, TypeCycleError, TypeDump } from "../../../btf/index.ts";
import { encodeText } from "../../../internal/index.ts";
import { E2BIG, EINVAL, ELOOP, EOPNOTSUPP } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { Block, sizedOutput } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { LOG_WARNING } from "../log.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { type GuestBtf, guestBtf, readTypes } from "./guest-btf.ts";

const BLOCK_BYTES = 48;
const WHAT_TYPE = 1;
const WHAT_DECLARATION = 2;
const WHAT_DATA = 3;
const STRIP_MODIFIERS = 1;
const COMPACT = 2;
const SKIP_NAMES = 4;
const EMIT_ZEROES = 8;
const EMIT_STRINGS = 16;
/** Longest text that one level is indented by, as in libbpf. */
const LONGEST_INDENT = 31;
const DEEPEST_INDENT = 64;
const LONGEST_DATA = 16 << 20;
/** Most dumps that a guest can have under way; those that were not used for longest are forgotten. */
const MOST_DUMPS = 64;

const SIZELESS: readonly BtfKind[] = ["void", "fwd", "func", "func_proto"];

const PROBLEMS = { "too short": E2BIG, invalid: EINVAL, "not supported": EOPNOTSUPP } as const;

/** One `struct btf_dump` of a guest: what was printed under its number, and a text that did not fit yet. */
interface Dump {
  readonly btf: Btf;
  readonly types: TypeDump;
  waiting: { readonly what: number; readonly id: number; readonly text: Uint8Array } | undefined;
}

/** C of types and of data, see `docs/abi-v2.md`. */
export function btfDumpImports(context: AbiV2Context): HostImports {
  const { log, memory } = context;
  const dumps = new Map<number, Dump>();

  /** The dump of a number; a number of other types before starts anew. */
  function dumpOf({ btf }: GuestBtf, number: number): Dump {
    const known = dumps.get(number);
    const dump: Dump = known?.btf === btf ? known : { btf, types: new TypeDump(btf), waiting: undefined };
    dumps.delete(number);
    dumps.set(number, dump);
    const [oldest] = dumps.keys();
    if (dumps.size > MOST_DUMPS && oldest !== undefined) dumps.delete(oldest);
    return dump;
  }

  /** Text with a NUL where there is room for it. */
  function output(at: number, size: number, text: Uint8Array): number {
    const length = sizedOutput(memory, at, size, text);
    if (length < size) memory.setU8((at >>> 0) + length, 0);
    return length;
  }

  /** A text that is only printed once: when it did not fit, the next call for the same gets it. */
  function once(dump: Dump, block: Block, at: number, size: number, print: () => string): number {
    const { waiting } = dump;
    const [what, id] = [block.u32(4), block.u32(8)];
    const text = waiting?.what === what && waiting.id === id ? waiting.text : encodeText(readTypes(print));
    dump.waiting = text.length > size ? { what, id, text } : undefined;
    return output(at, size, text);
  }

  function type(dump: Dump, id: number): string {
    try {
      return dump.types.dump(id);
    } catch (error) {
      if (!(error instanceof TypeCycleError)) throw error;
      log.write(LOG_WARNING, `unsatisfiable type cycle, id:[${error.typeId}]`);
      throw new Refusal(ELOOP);
    }
  }

  function declaration(dump: Dump, block: Block): string {
    const options = {
      level: Math.min(block.u32(16), DEEPEST_INDENT),
      stripModifiers: (block.u32(20) & STRIP_MODIFIERS) !== 0,
    };
    const name = block.text(12) ?? "";
    return dump.types.writer.declare(block.u32(8), name, options);
  }

  function mustHaveSize(btf: Btf, id: number): void {
    if (!SIZELESS.includes(readTypes(() => btf.kind(btf.resolve(id))))) return;
    // NB: libbpf shows its error as a size.
    log.write(LOG_WARNING, `unexpected size [${BigInt.asUintN(64, BigInt(-EINVAL))}] for id [${id}]`);
    throw new Refusal(EINVAL);
  }

  function data(dump: Dump, block: Block, at: number, size: number): number {
    const flags = block.u32(20);
    const dataSize = block.u32(32);
    if (dataSize > LONGEST_DATA) throw new Refusal(E2BIG);
    const indent = block.text(24)?.slice(0, LONGEST_INDENT);
    const bytes = block.bytes(28, dataSize) ?? new Uint8Array(0);
    mustHaveSize(dump.btf, block.u32(8));
    const { text, problem } = dumpTypeData(dump.btf, dump.types.writer, block.u32(8), bytes, {
      indentLevel: Math.min(block.u32(16), DEEPEST_INDENT),
      ...(indent === undefined ? {} : { indent }),
      compact: (flags & COMPACT) !== 0,
      skipNames: (flags & SKIP_NAMES) !== 0,
      emitZeroes: (flags & EMIT_ZEROES) !== 0,
      emitStrings: (flags & EMIT_STRINGS) !== 0,
      address: block.u32(28),
    });
    const shown = encodeText(text);
    if (problem === undefined) return output(at, size, shown);
    // Its length is not told, so that it has to end.
    output(at, size, shown.subarray(0, Math.max(0, size - 1)));
    return -PROBLEMS[problem];
  }

  function dump(handle: number, request: number, at: number, size: number): number {
    const owner = guestBtf(context, handle);
    const block = new Block(memory, request, BLOCK_BYTES);
    const number = block.u32(36);
    if (number === 0 || block.u32(8) >= owner.btf.typeCount) throw new Refusal(EINVAL);
    const found = dumpOf(owner, number);
    switch (block.u32(4)) {
      case WHAT_TYPE:
        return once(found, block, at, size, () => type(found, block.u32(8)));
      case WHAT_DECLARATION:
        return once(found, block, at, size, () => declaration(found, block));
      case WHAT_DATA:
        return data(found, block, at, size);
      default:
        throw new Refusal(EINVAL);
    }
  }

  return {
    btf_dump: guestCall((handle, request, at, size) => dump(handle, request, at, size >>> 0)),
  };
}
