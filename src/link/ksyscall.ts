import { haveSyscallWrapper, syscallWrapperPrefix } from "../kernel/index.ts";
import { attachKprobeTo } from "./kprobe.ts";
import type { Link } from "./link.ts";
import { type AttachRequest, requiredTarget } from "./request.ts";

/** Attaches to the kernel function of a system call, such as `unlinkat`, or to its return. */
export function attachKsyscall(request: AttachRequest): Link {
  const name = requiredTarget(request, "the name of a system call, such as unlinkat");
  const wrapper = haveSyscallWrapper() ? `__${syscallWrapperPrefix()}_sys_` : "__se_sys_";
  return attachKprobeTo(request, wrapper + name, "ksyscall");
}
