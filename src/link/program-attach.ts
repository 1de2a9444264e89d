import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_F_ALLOW_MULTI, BPF_F_REPLACE, BPF_PROG_ATTACH, BPF_PROG_DETACH } from "../uapi/bpf.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachRequest, attachAction } from "./request.ts";

/**
 * Attaches by `BPF_PROG_ATTACH`, the way before there were links and the only one of some hooks: target 0, program 4,
 * attach type 8, flags 12, program to replace 16. Closing the link detaches; a process that is killed leaves the
 * program attached.
 *
 * @param targetFd cgroup, map or device; stays the caller's
 * @param flags BPF_F_*
 */
export function attachProgramTo(
  request: AttachRequest,
  kind: string,
  targetFd: number,
  attachType: number,
  flags = 0,
): Link {
  const sys = getSys();
  const action = attachAction(request);
  const call = "bpf(BPF_PROG_ATTACH)";
  // Both are needed to detach, when the caller may have closed them.
  const target = checkedCall(sys.dup(targetFd), "fcntl(F_DUPFD)", action);
  let attached = sys.dup(request.program.fd);
  const fields = (programFd: number): BpfAttr =>
    new BpfAttr(20).u32(0, target).u32(4, programFd).u32(8, attachType).u32(12, flags);
  const result = attached < 0 ? attached : sys.bpf(BPF_PROG_ATTACH, fields(attached));
  if (result < 0) {
    sys.close(target);
    if (attached >= 0) sys.close(attached);
    checkedCall(result, call, action);
  }
  return new AttachedLink(request.program, kind, {
    replace: (program) => {
      // Where several may be attached, one takes another's place; elsewhere the new one takes the only place.
      const next = checkedCall(sys.dup(program.fd), "fcntl(F_DUPFD)", action);
      const attr = fields(next);
      if ((flags & BPF_F_ALLOW_MULTI) !== 0) attr.u32(12, flags | BPF_F_REPLACE).u32(16, attached);
      const replaced = sys.bpf(BPF_PROG_ATTACH, attr);
      sys.close(replaced < 0 ? next : attached);
      checkedCall(replaced, call, action);
      attached = next;
    },
    undo: () => {
      sys.bpf(BPF_PROG_DETACH, fields(attached).u32(12, 0));
      sys.close(attached);
      sys.close(target);
    },
  });
}
