import { matchSection, type SectionKind } from "../../../object/index.ts";
import { BPF_PROG_TYPE_XDP } from "../../../uapi/bpf.ts";
import { EFAULT, EINVAL } from "../../../uapi/errno.ts";
import { requiredText } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { Refusal } from "../refusal.ts";

/** Hooks whose attach type is an argument of the call that attaches (libbpf 1.8, `SEC_ATTACHABLE`). */
const BY_TYPE: readonly string[] = ["cgroup", "lirc", "netns", "sk_reuseport", "sockmap"];

/**
 * What a section name stands for: u32 program type, attach type, and whether it attaches by that type.
 *
 * @throws {Refusal} EINVAL for names that mean nothing
 */
export function describeSection({ memory }: AbiV2Context, nameAt: number, outAt: number): number {
  const kind = matchSection(requiredText(memory, nameAt));
  if (kind.name === "") throw new Refusal(EINVAL);
  if (!memory.has(outAt, 12)) throw new Refusal(EFAULT);
  memory.setU32(outAt, kind.programType);
  memory.setU32(outAt + 4, kind.expectedAttachType ?? 0);
  memory.setU32(outAt + 8, attachesByType(kind) ? 1 : 0);
  return 0;
}

function attachesByType(kind: SectionKind): boolean {
  if (kind.expectedAttachType === undefined || kind.needsAttachBtf || kind.xdpFrags) return false;
  return kind.programType === BPF_PROG_TYPE_XDP || BY_TYPE.includes(kind.attachHook);
}
