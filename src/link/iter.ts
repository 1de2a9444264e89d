import { BPF_TRACE_ITER } from "../uapi/bpf.ts";
import { createLink } from "./create-link.ts";
import type { Link } from "./link.ts";
import type { AttachRequest, IteratorOptions } from "./request.ts";

const INFO_SIZE = 16;

/** Attaches an iterator, which runs when it is read from; see `createIterator`. Requires Linux >= 5.8. */
export function attachIterator(request: AttachRequest): Link {
  const { iterator } = request.options;
  const info = iterator === undefined ? undefined : iteratorInfo(iterator);
  return createLink(request, "iter", {
    attachType: BPF_TRACE_ITER,
    ...(info === undefined
      ? {}
      : { sizeBytes: 32, fill: (attr) => attr.pointer(16, info).u32(24, info.length) }),
  });
}

/** `union bpf_iter_link_info`: a map's fd at 0; or order 0, cgroup fd 4, id 8; or thread 0, process 4. */
function iteratorInfo(options: IteratorOptions): Uint8Array {
  const info = new Uint8Array(INFO_SIZE);
  const view = new DataView(info.buffer);
  if (options.mapFd !== undefined) {
    view.setUint32(0, options.mapFd, true);
  } else if (options.tid !== undefined || options.pid !== undefined) {
    view.setUint32(0, options.tid ?? 0, true);
    view.setUint32(4, options.pid ?? 0, true);
  } else {
    view.setUint32(0, options.cgroupOrder ?? 0, true);
    view.setUint32(4, options.cgroupFd ?? 0, true);
    view.setBigUint64(8, options.cgroupId ?? 0n, true);
  }
  return info;
}
