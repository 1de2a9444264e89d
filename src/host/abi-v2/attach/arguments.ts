import { E2BIG, EINVAL } from "../../../uapi/errno.ts";
import type { GuestMemory } from "../../memory.ts";
import { Block, requiredText } from "../blocks.ts";
import { Refusal } from "../refusal.ts";

const BLOCK_BYTES = 112;
/** Most symbols, addresses or offsets of one link: the kernel's own limit. */
const MOST_PLACES = 1 << 20;

export const HOOK_TRACEPOINT = 1;
export const HOOK_RAW_TRACEPOINT = 2;
export const HOOK_KPROBE = 3;
export const HOOK_KPROBE_MULTI = 4;
export const HOOK_KSYSCALL = 5;
export const HOOK_UPROBE = 6;
export const HOOK_UPROBE_MULTI = 7;
export const HOOK_USDT = 8;
export const HOOK_PERF_EVENT = 9;
export const HOOK_TRACING = 10;
export const HOOK_LSM = 11;
export const HOOK_CGROUP = 12;
export const HOOK_NETNS = 13;
export const HOOK_SOCKMAP = 14;
export const HOOK_XDP = 15;
export const HOOK_FREPLACE = 16;
export const HOOK_NETFILTER = 17;
export const HOOK_TCX = 18;
export const HOOK_NETKIT = 19;
export const HOOK_ITERATOR = 20;
export const HOOK_STRUCT_OPS = 21;
export const HOOK_TRACING_MULTI = 22;

const FLAG_RETURN = 1;
const FLAG_SESSION = 2;
const FLAG_LEGACY = 4;
const FLAG_ALL_PROCESSES = 8;
const FLAG_DISABLED = 16;
const FLAG_UNIQUE = 32;

export const MODE_LEGACY = 1;
export const MODE_PERF = 2;
export const MODE_LINK = 3;

/** What a request block about a link says, copied out of the guest's memory. */
export interface LinkArguments {
  readonly hook: number;
  /** As the guest gave them. */
  readonly flags: number;
  readonly retprobe: boolean;
  readonly session: boolean;
  /** A perf event that the guest enables itself. */
  readonly disabled: boolean;
  /** The pattern has to match one function. */
  readonly unique: boolean;
  /** A pid, an interface, or a descriptor of the guest; -1 for the pid of all processes. */
  readonly target: number;
  readonly name1: string | undefined;
  readonly name2: string | undefined;
  readonly name3: string | undefined;
  readonly kernelFlags: number;
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly referenceCounter: bigint;
  readonly count: number;
  readonly symbols: readonly string[] | undefined;
  /** Type ids of functions, from the place of the symbols. */
  readonly ids: Uint8Array | undefined;
  /** u64s each. */
  readonly addresses: Uint8Array | undefined;
  readonly offsets: Uint8Array | undefined;
  readonly counters: Uint8Array | undefined;
  readonly cookies: Uint8Array | undefined;
  /** A descriptor of the guest, 0 for none. */
  readonly relativeFd: number;
  readonly relativeId: number;
  readonly expectedRevision: bigint;
  readonly family: number;
  readonly hookNumber: number;
  readonly priority: number;
  /** `union bpf_iter_link_info` */
  readonly iterator: Uint8Array | undefined;
  /** MODE_*, 0 for the best there is. */
  readonly mode: number;
}

/** No field set; to build arguments on. */
export const NO_ARGUMENTS: LinkArguments = {
  hook: 0,
  flags: 0,
  retprobe: false,
  session: false,
  disabled: false,
  unique: false,
  target: 0,
  name1: undefined,
  name2: undefined,
  name3: undefined,
  kernelFlags: 0,
  cookie: 0n,
  offset: 0n,
  referenceCounter: 0n,
  count: 0,
  symbols: undefined,
  ids: undefined,
  addresses: undefined,
  offsets: undefined,
  counters: undefined,
  cookies: undefined,
  relativeFd: 0,
  relativeId: 0,
  expectedRevision: 0n,
  family: 0,
  hookNumber: 0,
  priority: 0,
  iterator: undefined,
  mode: 0,
};

/**
 * Reads the request block of `link_attach` and `link_create`.
 *
 * @param iterator whether the fields at 96 are an iterator's, where the hook does not say
 * @param ids whether the symbols are type ids
 * @throws {Refusal} EFAULT, E2BIG, EINVAL for an iterator whose information has a size and no place
 */
export function linkArguments(
  memory: GuestMemory,
  at: number,
  kernel?: { readonly iterator: boolean; readonly ids: boolean },
): LinkArguments {
  const block = new Block(memory, at, BLOCK_BYTES);
  const hook = block.u32(4);
  const flags = block.u32(8);
  const count = block.u32(56);
  const target = (flags & FLAG_ALL_PROCESSES) !== 0 ? -1 : block.i32(12);
  if (count > MOST_PLACES) throw new Refusal(E2BIG);
  const array = (offset: number, itemBytes: number): Uint8Array | undefined =>
    block.u32(offset) === 0 ? undefined : block.bytes(offset, itemBytes * count)?.slice();
  const isIterator = kernel?.iterator ?? hook === HOOK_ITERATOR;
  const areIds = kernel?.ids ?? hook === HOOK_TRACING_MULTI;
  const symbols = array(60, 4);
  return {
    hook,
    flags,
    retprobe: (flags & FLAG_RETURN) !== 0,
    session: (flags & FLAG_SESSION) !== 0,
    disabled: (flags & FLAG_DISABLED) !== 0,
    unique: (flags & FLAG_UNIQUE) !== 0,
    target,
    name1: block.text(16),
    name2: block.text(20),
    name3: block.text(24),
    kernelFlags: block.u32(28),
    cookie: block.u64(32),
    offset: block.u64(40),
    referenceCounter: block.u64(48),
    count,
    symbols: symbols === undefined || areIds ? undefined : texts(memory, symbols),
    ids: areIds ? symbols : undefined,
    addresses: array(64, 8),
    offsets: array(68, 8),
    counters: array(72, 8),
    cookies: array(76, 8),
    relativeFd: block.i32(80),
    relativeId: block.u32(84),
    expectedRevision: block.u64(88),
    family: isIterator ? 0 : block.u32(96),
    hookNumber: isIterator ? 0 : block.u32(100),
    priority: block.i32(104),
    iterator: isIterator ? iteratorInfo(block) : undefined,
    mode: (flags & FLAG_LEGACY) !== 0 ? MODE_LEGACY : block.u32(108),
  };
}

/** Longest `union bpf_iter_link_info` that any kernel has. */
const LONGEST_INFO = 4096;

function iteratorInfo(block: Block): Uint8Array | undefined {
  const sizeBytes = block.u32(100);
  if (sizeBytes > LONGEST_INFO) throw new Refusal(E2BIG);
  if (sizeBytes > 0 && block.u32(96) === 0) throw new Refusal(EINVAL);
  return sizeBytes === 0 ? undefined : block.bytes(96, sizeBytes)?.slice();
}

function texts(memory: GuestMemory, addresses: Uint8Array): string[] {
  const view = new DataView(addresses.buffer, addresses.byteOffset, addresses.length);
  return Array.from({ length: addresses.length / 4 }, (_, index) =>
    requiredText(memory, view.getUint32(4 * index, true)),
  );
}
