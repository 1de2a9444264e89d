import type { BpfAttr } from "../sys/index.ts";
import { BPF_F_AFTER, BPF_F_BEFORE, BPF_F_ID, BPF_F_LINK } from "../uapi/bpf.ts";
import type { OrderAnchor, OrderOptions } from "./request.ts";

/** What an order adds to `BPF_LINK_CREATE`: flags, and fd or id of the other program 16, revision 24. */
interface OrderFields {
  readonly flags: number;
  readonly fill?: (attr: BpfAttr) => void;
}

/** Translates an order into the fields of the kernel's attribute. */
export function orderFields(order: OrderOptions | undefined): OrderFields {
  if (order === undefined) return { flags: 0 };
  const { before, after, expectedRevision = 0n } = order;
  const direction = before !== undefined ? BPF_F_BEFORE : after !== undefined ? BPF_F_AFTER : 0;
  const anchor = before ?? after;
  const { flags, number } =
    anchor === undefined || anchor === "all" ? { flags: 0, number: 0 } : anchorFields(anchor);
  return {
    flags: direction | flags,
    fill: (attr) => void attr.u32(16, number).u64(24, expectedRevision),
  };
}

function anchorFields(anchor: OrderAnchor): { flags: number; number: number } {
  if ("programFd" in anchor) return { flags: 0, number: anchor.programFd };
  if ("programId" in anchor) return { flags: BPF_F_ID, number: anchor.programId };
  if ("linkFd" in anchor) return { flags: BPF_F_LINK, number: anchor.linkFd };
  return { flags: BPF_F_LINK | BPF_F_ID, number: anchor.linkId };
}
