import { checkedCall } from "../sys/index.ts";
import { createLink } from "./create-link.ts";
import { AttachedLink, type Link } from "./link.ts";
import { openRawTracepoint } from "./raw-tracepoint.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";

/**
 * Attaches a program whose target was fixed when it was loaded: `tp_btf`, `fentry`, `fexit`, `fmod_ret`, `lsm`,
 * `freplace`.
 *
 * Requires Linux >= 5.5, with a cookie >= 5.19.
 */
export function attachTracing(request: AttachRequest): Link {
  const { program, target, options } = request;
  const loadedFor = program.attachTarget.functionName ?? program.section.target;
  if (target !== undefined && target !== loadedFor && loadedFor !== undefined) {
    throw attachError(
      request,
      "INVALID_ARGUMENT",
      `it was loaded for ${loadedFor}; set another target before the load`,
    );
  }
  const { attachHook } = program.section;
  if (options.cookie !== undefined && options.cookie !== 0n) {
    const { cookie } = options;
    return createLink(request, attachHook, {
      attachType: program.expectedAttachType,
      sizeBytes: 32,
      fill: (attr) => attr.u64(24, cookie),
    });
  }
  const fd = openRawTracepoint(request);
  checkedCall(fd, "bpf(BPF_RAW_TRACEPOINT_OPEN)", attachAction(request));
  return new AttachedLink(program, attachHook, { linkFd: fd });
}
