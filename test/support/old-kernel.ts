import { decodeInstructions, OP_CALL, OP_LDIMM64 } from "../../src/asm/index.ts";
import { Btf } from "../../src/btf/index.ts";
import type { BpfAttr } from "../../src/sys/index.ts";
import { type ScriptedSys, scriptedSys } from "../../src/sys/scripted.ts";
import {
  BPF_BTF_LOAD,
  BPF_F_MMAPABLE,
  BPF_F_RDONLY_PROG,
  BPF_MAP_CREATE,
  BPF_PROG_LOAD,
  BPF_PSEUDO_MAP_VALUE,
} from "../../src/uapi/bpf.ts";
import { E2BIG, EINVAL } from "../../src/uapi/errno.ts";

/** What a scripted kernel of some age knows. */
export interface KernelAge {
  /** Highest helper number. */
  readonly helpers: number;
  /** Size of `union bpf_attr`: non-zero bytes past it are refused. */
  readonly attrSizeBytes: number;
  /** Highest BTF kind, 0 for no BTF. */
  readonly btfKinds: number;
  readonly globalFunctions: boolean;
  readonly globalData: boolean;
  readonly mmapableArrays: boolean;
  readonly objectNames: boolean;
}

/** Roughly Linux 4.14. */
export const LINUX_4_14: KernelAge = {
  helpers: 52,
  attrSizeBytes: 48,
  btfKinds: 0,
  globalFunctions: false,
  globalData: false,
  mmapableArrays: false,
  objectNames: false,
};

/** Roughly Linux 5.4: BTF of variables, no float, no mmap, no bpf_probe_read_kernel. */
export const LINUX_5_4: KernelAge = {
  helpers: 111,
  attrSizeBytes: 120,
  btfKinds: 15,
  globalFunctions: false,
  globalData: true,
  mmapableArrays: false,
  objectNames: true,
};

/** A kernel that refuses what one of that age would. */
export function oldKernel(age: KernelAge): ScriptedSys {
  return scriptedSys((call, attr) => {
    if (attr === undefined) return undefined;
    if (attr.bytes.subarray(age.attrSizeBytes).some((byte) => byte !== 0)) return -E2BIG;
    switch (call.command) {
      case BPF_PROG_LOAD:
        return refuses(age, attr) ? -EINVAL : undefined;
      case BPF_MAP_CREATE:
        return refusesMap(age, attr) ? -EINVAL : undefined;
      case BPF_BTF_LOAD:
        return refusesBtf(age, attr.pointerAt(0)) ? -EINVAL : undefined;
      default:
        return undefined;
    }
  });
}

function hasName(attr: BpfAttr, offset: number): boolean {
  return attr.bytes.subarray(offset, offset + 16).some((byte) => byte !== 0);
}

function refuses(age: KernelAge, attr: BpfAttr): boolean {
  if (!age.objectNames && hasName(attr, 48)) return true;
  return decodeInstructions(attr.pointerAt(8) ?? new Uint8Array(0), true).some(
    ({ opcode, src, imm }) =>
      (opcode === OP_CALL && src === 0 && imm > age.helpers) ||
      (opcode === OP_LDIMM64 && src === BPF_PSEUDO_MAP_VALUE && !age.globalData),
  );
}

function refusesMap(age: KernelAge, attr: BpfAttr): boolean {
  const flags = attr.u32At(16);
  return (
    (!age.objectNames && hasName(attr, 28)) ||
    (!age.mmapableArrays && (flags & BPF_F_MMAPABLE) !== 0) ||
    (!age.globalData && (flags & BPF_F_RDONLY_PROG) !== 0)
  );
}

function refusesBtf(age: KernelAge, bytes: Uint8Array | undefined): boolean {
  if (bytes === undefined || age.btfKinds === 0) return true;
  const btf = Btf.parse(bytes);
  return [...btf.types()].some(
    (type) =>
      btf.kindNumber(type.id) > age.btfKinds ||
      (type.kind === "func" && type.linkage === "global" && !age.globalFunctions),
  );
}
