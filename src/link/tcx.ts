import { createLink } from "./create-link.ts";
import { interfaceIndex } from "./interface-index.ts";
import type { Link } from "./link.ts";
import { orderFields } from "./order.ts";
import type { AttachRequest } from "./request.ts";

/**
 * Attaches to the ingress or egress of a network interface (tcx) or to a netkit device.
 *
 * Requires Linux >= 6.6, netkit >= 6.7.
 */
export function attachTcx(request: AttachRequest): Link {
  const { program, options } = request;
  const order = orderFields(options.order);
  return createLink(request, program.section.attachHook, {
    target: interfaceIndex(request),
    attachType: program.expectedAttachType,
    flags: (options.flags ?? 0) | order.flags,
    ...(order.fill === undefined ? {} : { sizeBytes: 32, fill: order.fill }),
  });
}
