import { BPF_NETFILTER } from "../uapi/bpf.ts";
import { AF_INET, AF_INET6 } from "../uapi/linux.ts";
import { createLink } from "./create-link.ts";
import type { Link } from "./link.ts";
import { type AttachRequest, attachError, type NetfilterOptions } from "./request.ts";

/** NF_INET_* in the order of their numbers; NFPROTO_* have the numbers of the address families. */
const HOOKS = ["pre_routing", "local_in", "forward", "local_out", "post_routing"];

/**
 * Attaches to a netfilter hook of the current network namespace, which is in the options or a target such as
 * `ipv4:local_out:-10`: family, hook and, optionally, priority. Requires Linux >= 6.4.
 */
export function attachNetfilter(request: AttachRequest): Link {
  const { netfilter = parseTarget(request.target) } = request.options;
  if (netfilter === undefined) {
    throw attachError(
      request,
      "INVALID_ARGUMENT",
      "a netfilter program needs a family and a hook, as option (netfilter) or as target such as ipv4:local_out:-10",
    );
  }
  return createLink(request, "netfilter", {
    attachType: BPF_NETFILTER,
    sizeBytes: 32,
    fill: (attr) => {
      attr.u32(16, netfilter.family).u32(20, netfilter.hook);
      attr.i32(24, netfilter.priority ?? 0).u32(28, netfilter.flags ?? 0);
    },
  });
}

function parseTarget(target: string | undefined): NetfilterOptions | undefined {
  const [, version, name = "", priority = "0"] = /^ipv([46]):(\w+)(?::(-?\d+))?$/.exec(target ?? "") ?? [];
  const hook = HOOKS.indexOf(name);
  if (version === undefined || hook < 0) return undefined;
  return { family: version === "4" ? AF_INET : AF_INET6, hook, priority: Number(priority) };
}
