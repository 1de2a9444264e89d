import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import {
  BPF_BTF_GET_FD_BY_ID,
  BPF_BTF_GET_NEXT_ID,
  BPF_LINK_GET_FD_BY_ID,
  BPF_LINK_GET_NEXT_ID,
  BPF_MAP_GET_FD_BY_ID,
  BPF_MAP_GET_NEXT_ID,
  BPF_PROG_GET_FD_BY_ID,
  BPF_PROG_GET_NEXT_ID,
} from "../uapi/bpf.ts";
import { ENOENT } from "../uapi/errno.ts";

/** What the kernel has under ids. */
export type ObjectKind = "program" | "map" | "link" | "btf";

const COMMANDS: Readonly<Record<ObjectKind, { readonly next: number; readonly open: number }>> = {
  program: { next: BPF_PROG_GET_NEXT_ID, open: BPF_PROG_GET_FD_BY_ID },
  map: { next: BPF_MAP_GET_NEXT_ID, open: BPF_MAP_GET_FD_BY_ID },
  link: { next: BPF_LINK_GET_NEXT_ID, open: BPF_LINK_GET_FD_BY_ID },
  btf: { next: BPF_BTF_GET_NEXT_ID, open: BPF_BTF_GET_FD_BY_ID },
};

/**
 * Ids of everything of a kind that the kernel has, whoever made it, in ascending order. What `BpfMap.fromId`,
 * `openProgramById` and `openLinkById` open may be gone by then: they throw ENOENT.
 *
 * Requires Linux >= 4.13, links >= 5.8.
 *
 * @throws {SystemCallError} when the kernel refuses: EPERM without CAP_SYS_ADMIN.
 */
export function objectIds(kind: ObjectKind): number[] {
  const ids: number[] = [];
  const attr = new BpfAttr(12);
  for (let id = 0; ; ids.push(id)) {
    const result = getSys().bpf(COMMANDS[kind].next, attr.u32(0, id));
    if (result === -ENOENT) return ids;
    checkedCall(result, "bpf(BPF_OBJ_GET_NEXT_ID)", `Cannot list the kernel's BPF objects of kind ${kind}`);
    id = attr.u32At(4);
  }
}

/** Fd of what the kernel has under an id, or -errno: -ENOENT when there is nothing. */
export function objectFdById(kind: ObjectKind, id: number): number {
  return getSys().bpf(COMMANDS[kind].open, new BpfAttr(12).u32(0, id));
}
