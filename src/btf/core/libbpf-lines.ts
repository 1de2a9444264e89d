import { WasmBpfError } from "../../internal/index.ts";
import { BPF_CORE_TYPE_ID_LOCAL } from "../../uapi/bpf.ts";
import { EINVAL, EOPNOTSUPP, ERANGE, errnoName } from "../../uapi/errno.ts";
import { type AccessSpec, parseAccessSpec } from "./access-spec.ts";
import { coreKind } from "./kinds.ts";
import { libbpfSpecText, libbpfTypeText } from "./libbpf-text.ts";
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_LD,
  BPF_LDX,
  BPF_ST,
  BPF_STX,
  BPF_X,
  bytesOfAccess,
  CLASS_MASK,
  LDIMM64,
  sizeBitsOf,
} from "./patch.ts";
import { type CoreCandidateCache, type CoreRelocation, type CoreScope, findCandidates } from "./relocate.ts";
import { tryTarget } from "./target-spec.ts";
import { type CoreResult, coreResult } from "./value.ts";

/** A relocation with the names and numbers that libbpf has for it. */
export interface LibbpfRelocation extends CoreRelocation {
  /** The function that the instruction is in; `instructionIndex` counts from its start. */
  readonly functionName: string;
  /** Place among the relocations of the section. */
  readonly number: number;
  /** The instruction as the compiler left it, both halves of a wide one. */
  readonly instruction: DataView;
}

type Say = (level: "warning" | "debug", text: string) => void;

/** Says what libbpf 1.8 prints while it does the CO-RE relocations of an object, in the order of their sections. */
export class LibbpfCoreLines {
  readonly #scope: CoreScope;
  readonly #targetNames: readonly string[];
  readonly #say: Say;
  readonly #candidates: CoreCandidateCache = new Map();

  /** @param targetNames of `scope.targets`: `vmlinux`, then those of the modules */
  constructor(scope: CoreScope, targetNames: readonly string[], say: Say) {
    this.#scope = scope;
    this.#targetNames = targetNames;
    this.#say = say;
  }

  /** Lines of the next relocation. @returns false when libbpf stops there */
  tell(relocation: LibbpfRelocation): boolean {
    const head = `prog '${relocation.functionName}': relo #${relocation.number}:`;
    const result = this.#answer(head, relocation);
    if (typeof result === "number") return this.#stop(`${head} failed to relocate`, result);
    const errno = this.#patch(head, relocation, result);
    return errno === 0 || this.#stop(`${head} failed to patch insn #${relocation.instructionIndex}`, errno);
  }

  #stop(what: string, errno: number): false {
    this.#say("warning", `${what}: -${errnoName(errno)}`);
    this.#say("warning", `failed to perform CO-RE relocations: -${errnoName(errno)}`);
    return false;
  }

  /** @returns what the instruction is to hold, or the error's number */
  #answer(head: string, relocation: LibbpfRelocation): CoreResult | number {
    const { local } = this.#scope;
    const { kind, typeId, accessString } = relocation;
    const type = libbpfTypeText(local, typeId);
    if (kind !== BPF_CORE_TYPE_ID_LOCAL && !this.#search(head, typeId, type)) return EINVAL;
    let spec: AccessSpec;
    try {
      spec = parseAccessSpec(local, typeId, accessString, kind);
    } catch (error) {
      if (!(error instanceof WasmBpfError)) throw error;
      this.#say("warning", `${head} parsing [${typeId}] ${type} + ${accessString} failed: -22`);
      return EINVAL;
    }
    this.#say("debug", `${head} ${libbpfSpecText(spec, kind)}`);
    if (coreKind(kind) === undefined) {
      const what = `unrecognized CO-RE relocation unknown (${kind})`;
      this.#say("warning", `${head} ${what} at insn #${relocation.instructionIndex}`);
      return EOPNOTSUPP;
    }
    try {
      return this.#resolve(head, kind, typeId, spec) ?? EINVAL;
    } catch (error) {
      if (!(error instanceof WasmBpfError)) throw error;
      return EINVAL;
    }
  }

  #search(head: string, typeId: number, type: string): boolean {
    const { local } = this.#scope;
    if (local.name(typeId) === "") {
      this.#say(
        "warning",
        `${head} target candidate search failed for [${typeId}] ${local.kind(typeId)} : -22`,
      );
      return false;
    }
    if (this.#candidates.has(typeId)) return true;
    for (const { btf, id, targetIndex } of findCandidates(this.#scope, typeId, this.#candidates)) {
      const found = `[${id}] ${libbpfTypeText(btf, id)} in [${this.#targetNames[targetIndex]}]`;
      this.#say("debug", `CO-RE relocating [${typeId}] ${type}: found target candidate ${found}`);
    }
    return true;
  }

  /** @returns `undefined` when the candidates contradict each other */
  #resolve(head: string, kind: number, typeId: number, local: AccessSpec): CoreResult | undefined {
    const { littleEndian } = this.#scope;
    if (kind === BPF_CORE_TYPE_ID_LOCAL) {
      const value = BigInt(typeId);
      const fixed = { validate: false, originalBytes: 0, replacementBytes: 0, resizable: true };
      return { ...fixed, original: value, replacement: value };
    }
    const tried = findCandidates(this.#scope, typeId, this.#candidates);
    const matching = [];
    let first: { spec: AccessSpec; result: CoreResult } | undefined;
    for (const [place, candidate] of tried.entries()) {
      const { spec, matches } = tryTarget(local, candidate.btf, candidate.id, kind);
      const outcome = matches ? "matching" : "non-matching";
      this.#say("debug", `${head} ${outcome} candidate #${place} ${libbpfSpecText(spec, kind)}`);
      if (!matches) continue;
      const result = coreResult(kind, local, spec, littleEndian);
      first ??= { spec, result };
      if (spec.bitOffset !== first.spec.bitOffset) {
        const offsets = `${spec.bitOffset} != ${first.spec.bitOffset}`;
        this.#say("warning", `${head} field offset ambiguity: ${offsets}`);
        return undefined;
      }
      if (result.replacement !== first.result.replacement) {
        const decisions = `${decision(result)} != ${decision(first.result)}`;
        this.#say("warning", `${head} relocation decision ambiguity: ${decisions}`);
        return undefined;
      }
      matching.push(candidate);
    }
    if (matching.length > 0) this.#candidates.set(typeId, matching);
    else this.#say("debug", `${head} no matching targets found`);
    return first?.result ?? coreResult(kind, local, undefined, littleEndian);
  }

  #patch(head: string, { instruction, instructionIndex }: LibbpfRelocation, result: CoreResult): number {
    const { original, replacement } = result;
    const { littleEndian } = this.#scope;
    const warn = (text: string): void => this.#say("warning", `${head} ${text}`);
    const patched = (what: string, before: bigint | number, after: bigint | number): void =>
      this.#say("debug", `${head} patched insn #${instructionIndex} ${what} ${before} -> ${after}`);
    const opcode = instruction.getUint8(0);
    const poison = (): void => {
      const places = opcode === LDIMM64 ? [instructionIndex + 1, instructionIndex] : [instructionIndex];
      for (const place of places) this.#say("debug", `${head} substituting insn #${place} w/ invalid insn`);
    };
    if (replacement === undefined) {
      poison();
      return 0;
    }
    const insn = `insn #${instructionIndex}`;
    const unexpected = (where: string, got: bigint | number): number => {
      warn(`unexpected ${insn} (${where}) value: got ${got}, exp ${original} -> ${replacement}`);
      return EINVAL;
    };
    switch (opcode & CLASS_MASK) {
      case BPF_ALU:
      case BPF_ALU64: {
        if ((opcode & BPF_X) !== 0) return EINVAL;
        const imm = instruction.getInt32(4, littleEndian);
        if (result.validate && BigInt(imm) !== original) return unexpected("ALU/ALU64", imm);
        patched("(ALU/ALU64) imm", unsigned(imm), replacement);
        return 0;
      }
      case BPF_LDX:
      case BPF_ST:
      case BPF_STX: {
        const offset = instruction.getInt16(2, littleEndian);
        if (result.validate && BigInt(offset) !== original) return unexpected("LDX/ST/STX", offset);
        if (replacement > 0x7fffn) {
          warn(`${insn} (LDX/ST/STX) value too big: ${replacement}`);
          return ERANGE;
        }
        if (!result.resizable) {
          warn(
            `${insn} (LDX/ST/STX) accesses field incorrectly. Make sure you are accessing pointers, unsigned integers, or fields of matching type and size.`,
          );
          poison();
          return 0;
        }
        patched("(LDX/ST/STX) off", unsigned(offset), replacement);
        const { originalBytes, replacementBytes } = result;
        if (originalBytes === replacementBytes) return 0;
        const bytes = bytesOfAccess(opcode);
        if (bytes !== originalBytes) {
          warn(`${insn} (LDX/ST/STX) unexpected mem size: got ${bytes}, exp ${originalBytes}`);
          return EINVAL;
        }
        if (sizeBitsOf(replacementBytes) === undefined) {
          warn(`${insn} (LDX/ST/STX) invalid new mem size: ${replacementBytes}`);
          return EINVAL;
        }
        patched("(LDX/ST/STX) mem_sz", originalBytes, replacementBytes);
        return 0;
      }
      case BPF_LD: {
        if (opcode !== LDIMM64 || instruction.byteLength < 16) {
          warn(`${insn} (LDIMM64) has unexpected form`);
          return EINVAL;
        }
        const low = BigInt(instruction.getUint32(4, littleEndian));
        const imm = (BigInt(instruction.getUint32(12, littleEndian)) << 32n) | low;
        if (result.validate && imm !== BigInt.asUintN(64, original)) return unexpected("LDIMM64", imm);
        patched("(LDIMM64) imm64", imm, unsigned(replacement));
        return 0;
      }
      default: {
        const [registers, offset] = [instruction.getUint8(1), instruction.getUint16(2, littleEndian)];
        const imm = instruction.getUint32(4, littleEndian).toString(16);
        const parts = `code:0x${opcode.toString(16)}, src:0x${(registers >> 4).toString(16)}, dst:0x${(registers & 15).toString(16)}`;
        warn(`trying to relocate unrecognized ${insn}, ${parts}, off:0x${offset.toString(16)}, imm:0x${imm}`);
        return EINVAL;
      }
    }
  }
}

function decision({ replacement }: CoreResult): string {
  return replacement === undefined ? "failure 0" : `success ${replacement}`;
}

function unsigned(value: bigint | number): bigint {
  return BigInt.asUintN(64, BigInt(value));
}
