import * as fs from "node:fs";
import type { BpfProgram } from "../../ebpf/index.ts";
import type { Attachment } from "../../link/index.ts";
import type { Sys } from "../../sys/index.ts";
import { EBADF, EINVAL } from "../../uapi/errno.ts";
import type { Interrupts } from "../interrupts.ts";
import {
  attempt,
  Descriptor,
  type FdTable,
  FILETYPE_UNKNOWN,
  KERNEL_RIGHTS,
  type Readiness,
} from "../wasi/index.ts";
import { GuestMap } from "./guest-map.ts";
import { Refusal } from "./refusal.ts";

/** What stands behind a descriptor of each kind, beside the host's descriptor. */
export interface KernelObjects {
  map: GuestMap;
  /** `undefined` for programs that are in no object of the guest. */
  program: BpfProgram | undefined;
  /** `undefined` for links that were opened by id or path. */
  link: Attachment | undefined;
  btf: undefined;
  iterator: undefined;
  "perf-event": undefined;
  /** Whether records wait. */
  buffer: () => boolean;
  socket: undefined;
  pipe: undefined;
  event: undefined;
  timer: undefined;
  epoll: undefined;
  inotify: undefined;
  token: undefined;
  stats: undefined;
}

export type KernelKind = keyof KernelObjects;

/** How a {@link KernelDescriptor} is made. */
export interface KernelDescriptorOptions<K extends KernelKind> {
  readonly sys: Sys;
  readonly interrupts: Interrupts;
  readonly kind: K;
  /** Descriptor of the host, -1 where there is none. */
  readonly hostFd: number;
  readonly object: KernelObjects[K];
  /** What closing does. Default: closes `hostFd`, which the descriptor owns then. */
  readonly onClose?: () => void;
}

/** Kinds that can be read, and written, like files. */
const STREAMS: readonly KernelKind[] = ["iterator", "perf-event", "socket", "pipe"];

/** Something of the kernel as an entry of the guest's descriptor table, so that WASI closes, reads and polls it. */
export class KernelDescriptor<K extends KernelKind = KernelKind> extends Descriptor {
  readonly kind: K;
  readonly hostFd: number;
  readonly object: KernelObjects[K];
  readonly #sys: Sys;
  readonly #interrupts: Interrupts;
  readonly #onClose: () => void;

  constructor(options: KernelDescriptorOptions<K>) {
    const { sys, interrupts, kind, hostFd, object } = options;
    super(FILETYPE_UNKNOWN, KERNEL_RIGHTS, 0n);
    this.kind = kind;
    this.hostFd = hostFd;
    this.object = object;
    this.#sys = sys;
    this.#interrupts = interrupts;
    this.#onClose = options.onClose ?? (() => void sys.close(hostFd));
  }

  override read(into: readonly Uint8Array[]): number {
    if (!STREAMS.includes(this.kind)) return -EBADF;
    const buffer = into.find((candidate) => candidate.length > 0);
    if (buffer === undefined) return 0;
    // An iterator never waits, and cannot be waited for.
    if (this.kind === "iterator") return this.#sys.read(this.hostFd, buffer);
    return this.#interrupts.wait(-1, this.hostFd, () => this.#sys.read(this.hostFd, buffer));
  }

  override write(from: readonly Uint8Array[]): number {
    if (this.kind !== "socket" && this.kind !== "pipe") return -EBADF;
    let total = 0;
    for (const buffer of from) {
      if (buffer.length === 0) continue;
      const count = this.#sys.write(this.hostFd, buffer);
      if (count < 0) return total > 0 ? total : count;
      total += count;
      if (count < buffer.length) break;
    }
    return total;
  }

  override readiness(forWrite: boolean): Readiness {
    const hostFd = this.hostFd < 0 ? undefined : this.hostFd;
    const isReady = this.kind === "buffer" && !forWrite ? (this.object as () => boolean) : undefined;
    return { hostFd, availableBytes: 0n, isReady };
  }

  override hostStats(): fs.BigIntStats | number {
    return this.hostFd < 0 ? -EBADF : attempt(() => fs.fstatSync(this.hostFd, { bigint: true }));
  }

  /** NB: an object or a buffer may own what is behind this one, and close it; the other number is not to lead there. */
  override duplicate(): Descriptor | number {
    const hostFd = this.hostFd < 0 ? -EINVAL : this.#sys.dup(this.hostFd);
    if (hostFd < 0) return hostFd;
    const { kind } = this;
    const object = kind === "map" ? new GuestMap(hostFd) : kind === "buffer" ? this.object : undefined;
    return new KernelDescriptor({
      sys: this.#sys,
      interrupts: this.#interrupts,
      kind,
      hostFd,
      object: object as KernelObjects[K],
    });
  }

  override close(): void {
    this.#onClose();
  }
}

/**
 * Gives the guest a descriptor of the host, which is the guest's from then on, or is closed when that fails.
 *
 * @param object makes what stands beside it
 * @returns the guest's number
 * @throws {Refusal} EMFILE
 */
export function addDescriptor<K extends KernelKind>(
  context: Pick<KernelDescriptorOptions<K>, "sys" | "interrupts"> & { readonly fds: FdTable },
  kind: K,
  hostFd: number,
  object: () => KernelObjects[K],
): number {
  const { sys, interrupts, fds } = context;
  let made: KernelObjects[K];
  try {
    made = object();
  } catch (error) {
    sys.close(hostFd);
    throw error;
  }
  const fd = fds.add(new KernelDescriptor({ sys, interrupts, kind, hostFd, object: made }));
  if (fd < 0) throw new Refusal(-fd);
  return fd;
}

/** @returns the guest's descriptor `fd` when it is open and of this kind. */
export function findKernel<K extends KernelKind>(
  fds: FdTable,
  fd: number,
  kind: K,
): KernelDescriptor<K> | undefined {
  const descriptor = fds.get(fd);
  return descriptor instanceof KernelDescriptor && descriptor.kind === kind ? descriptor : undefined;
}

/** As {@link findKernel}. @throws {Refusal} EBADF when nothing is open, `errno` for one of another kind, as of the kernel */
export function kernelDescriptor<K extends KernelKind>(
  fds: FdTable,
  fd: number,
  kind: K,
  errno: number = EINVAL,
): KernelDescriptor<K> {
  const descriptor = findKernel(fds, fd, kind);
  if (descriptor === undefined) throw new Refusal(fds.get(fd) === undefined ? EBADF : errno);
  return descriptor;
}
