import { BTF_KIND_FUNC, BTF_KIND_TYPEDEF, Btf, BtfBuilder, dedupTypes } from "../../../btf/index.ts";
import { encodeCString } from "../../../internal/index.ts";
import { bumpMemlock } from "../../../kernel/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import {
  BPF_BTF_LOAD,
  BPF_LSM_CGROUP,
  BPF_LSM_MAC,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
} from "../../../uapi/bpf.ts";
import { E2BIG, EBADF, EINVAL, ENAMETOOLONG, ENOENT, EOPNOTSUPP } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { Block, guestRange, requiredText, sizedOutput } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { type GuestObject, guestObject } from "../guest-object.ts";
import { KernelDescriptor, kernelDescriptor } from "../kernel-descriptor.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { GuestBtf, guestBtf, kernelTypes, openBtf, readTypes } from "./guest-btf.ts";

const INFO_BYTES = 32;
const LOAD_BLOCK_BYTES = 24;
/** Of the kernel's attribute, with the token. */
const LOAD_ATTR_BYTES = 40;
const BPF_F_TOKEN_FD = 1 << 16;
const POINTER_BYTES = 8;
/** Longest name of a type that libbpf looks for. */
const LONGEST_NAME = 127;
const LARGEST_RESULT = 0x7fffffff;

/** Names of what programs of some attach types attach to. */
const PREFIXES: Readonly<Record<number, readonly [prefix: string, kind: number]>> = {
  [BPF_TRACE_RAW_TP]: ["btf_trace_", BTF_KIND_TYPEDEF],
  [BPF_LSM_MAC]: ["bpf_lsm_", BTF_KIND_FUNC],
  [BPF_LSM_CGROUP]: ["bpf_lsm_", BTF_KIND_FUNC],
  [BPF_TRACE_ITER]: ["bpf_iter_", BTF_KIND_FUNC],
};

/** Reading types, see `docs/abi-v2.md`. */
export function btfImports(context: AbiV2Context): HostImports {
  const { fds, handles, interrupts, memory, sys, log } = context;
  const ofObjects = new WeakMap<GuestObject, number>();

  function types(handle: number): Btf {
    return guestBtf(context, handle).btf;
  }

  function ofObject(handle: number): number {
    const owner = guestObject(context, handle);
    const { btf } = owner.object.spec;
    if (btf === undefined) throw new Refusal(ENOENT);
    const known = ofObjects.get(owner);
    if (known !== undefined && handles.get(known, GuestBtf) !== undefined) return known;
    const made = handles.add(new GuestBtf(btf));
    ofObjects.set(owner, made);
    return made;
  }

  function info(handle: number, out: number): number {
    const { btf, base, id } = guestBtf(context, handle);
    const fields = [
      btf.typeCount,
      btf.firstId,
      btf.stringBytes.length,
      btf.raw.length,
      POINTER_BYTES,
      btf.littleEndian ? 0 : 1,
      base,
      id,
    ];
    const range = guestRange(memory, out, INFO_BYTES);
    range.set(new Uint8Array(Uint32Array.from(fields).buffer));
    return 0;
  }

  function find(handle: number, name: number, kind: number): number {
    const btf = types(handle);
    const text = requiredText(memory, name);
    if (text === "void") return 0;
    return readTypes(() => btf.find(text, kind === 0 ? undefined : kind)) ?? -ENOENT;
  }

  function record(handle: number, id: number): Uint8Array {
    let btf = types(handle);
    if (id <= 0 || id >= btf.typeCount) throw new Refusal(EINVAL);
    while (id < btf.firstId && btf.base !== undefined) btf = btf.base;
    const { offsetBytes, sizeBytes } = btf.recordRange(id);
    return btf.raw.subarray(offsetBytes, offsetBytes + sizeBytes);
  }

  /** A number that libbpf computes of a type. */
  function measure(handle: number, id: number, of: (btf: Btf) => number): number {
    const btf = types(handle);
    if (id < 0 || id >= btf.typeCount) throw new Refusal(EINVAL);
    const result = readTypes(() => of(btf));
    if (result > LARGEST_RESULT) throw new Refusal(E2BIG);
    return result;
  }

  /** The same types without doubles. */
  function dedup(handle: number): number {
    const btf = types(handle);
    if (btf.base !== undefined) throw new Refusal(EOPNOTSUPP);
    return readTypes(() => {
      const builder = new BtfBuilder({ littleEndian: btf.littleEndian });
      const all = [...btf.types()].flatMap((type) => (type.kind === "void" ? [] : [type]));
      for (const type of dedupTypes(all).types) builder.add(type);
      return handles.add(new GuestBtf(Btf.parse(builder.toBytes())));
    });
  }

  /** Attribute: types 0, log 8, sizes 16 and 20, level 24, size that the log needs 28, flags 32, token 36. */
  function load(at: number, size: number, request: number): number {
    const bytes = guestRange(memory, at, size).slice();
    const attr = new BpfAttr(LOAD_ATTR_BYTES).pointer(0, bytes).u32(16, bytes.length);
    const block = request === 0 ? undefined : new Block(memory, request, LOAD_BLOCK_BYTES);
    if (block !== undefined) {
      const logBytes = block.bytes(8, block.u32(12));
      if (logBytes !== undefined) attr.pointer(8, logBytes).u32(20, logBytes.length);
      attr.u32(24, block.u32(4));
      const token = block.i32(20);
      if (token > 0) attr.u32(32, BPF_F_TOKEN_FD).i32(36, kernelDescriptor(fds, token, "token").hostFd);
    }
    bumpMemlock();
    const hostFd = sys.bpf(BPF_BTF_LOAD, attr);
    block?.setU32(16, attr.u32At(28));
    if (hostFd < 0) return hostFd;
    return fds.add(new KernelDescriptor({ sys, interrupts, kind: "btf", hostFd, object: undefined }));
  }

  function kernelId(name: number, attachType: number): number {
    const text = requiredText(memory, name);
    const [prefix, kind] = PREFIXES[attachType] ?? ["", BTF_KIND_FUNC];
    let btf: Btf;
    try {
      btf = kernelTypes(context);
    } catch (error) {
      log.write(0, "vmlinux BTF is not found");
      throw error;
    }
    const wanted = prefix + text;
    const id = wanted.length > LONGEST_NAME ? -ENAMETOOLONG : (btf.find(wanted, kind) ?? -ENOENT);
    if (id <= 0) log.write(0, `${text} is not found in vmlinux BTF`);
    return id;
  }

  return {
    object_btf: guestCall((object) => ofObject(object)),
    btf_open: guestCall((kind, name, base, at, size) =>
      interrupts.hostWork(() => handles.add(openBtf(context, kind, name, base, at, size >>> 0))),
    ),
    btf_info: guestCall((handle, out) => info(handle, out)),
    btf_find: guestCall((handle, name, kind) => find(handle, name, kind)),
    btf_type: guestCall((handle, id, at, size) => sizedOutput(memory, at, size, record(handle, id))),
    btf_string: guestCall((handle, offset, at, size) => {
      const text = readTypes(() => types(handle).string(offset >>> 0));
      return sizedOutput(memory, at, size, encodeCString(text));
    }),
    btf_size_of: guestCall((handle, id) => measure(handle, id, (btf) => btf.sizeOf(id))),
    btf_align_of: guestCall((handle, id) => measure(handle, id, (btf) => btf.alignOf(id))),
    btf_resolve: guestCall((handle, id) => measure(handle, id, (btf) => btf.resolve(id))),
    btf_raw: guestCall((handle, offset, at, size) => {
      const { raw } = types(handle);
      if (offset >>> 0 > raw.length) throw new Refusal(EINVAL);
      return sizedOutput(memory, at, size, raw.subarray(offset >>> 0));
    }),
    btf_dedup: guestCall((handle) => interrupts.hostWork(() => dedup(handle))),
    btf_load: guestCall((at, size, request) => load(at, size >>> 0, request)),
    btf_kernel_id: guestCall((name, attachType) => kernelId(name, attachType)),
    btf_close: guestCall((handle) => (handles.close(handle, GuestBtf) ? 0 : -EBADF)),
  };
}
