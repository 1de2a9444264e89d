import type { BpfMap } from "../ebpf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_F_LINK, BPF_LINK_CREATE, BPF_STRUCT_OPS } from "../uapi/bpf.ts";
import { EBUSY } from "../uapi/errno.ts";
import { RegisteredMap, type StructOpsLink } from "./link.ts";

const KEY = new Uint8Array(4);

/**
 * Registers a struct_ops map with the kernel, which then calls its programs. Closing the link takes it off again.
 *
 * Requires Linux >= 5.6, sections `.struct_ops.link` >= 6.4.
 *
 * @throws {SystemCallError} when the kernel refuses.
 */
export function attachStructOps(map: BpfMap): StructOpsLink {
  const value = map.structOpsValue;
  if (value === undefined) {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Cannot attach map "${map.name}": it is no loaded struct_ops map`,
    );
  }
  const action = `Cannot attach struct_ops map "${map.name}"`;
  const updated = map.rawUpdate(KEY, value, 0n);
  const hasLink = (map.flags & BPF_F_LINK) !== 0;
  // A map that was registered before keeps its value and can be linked again.
  if (!(hasLink && updated === -EBUSY)) checkedCall(updated, "bpf(BPF_MAP_UPDATE_ELEM)", action);
  if (!hasLink) return new RegisteredMap(map, { undo: () => void map.rawDelete(KEY, 0n) });
  const attr = new BpfAttr(16).u32(0, map.fd).u32(8, BPF_STRUCT_OPS);
  const fd = checkedCall(getSys().bpf(BPF_LINK_CREATE, attr), "bpf(BPF_LINK_CREATE)", action);
  return new RegisteredMap(map, { linkFd: fd });
}
