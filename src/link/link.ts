import type { BpfMap, BpfProgram } from "../ebpf/index.ts";
import { pinFd, removePin } from "../ebpf/index.ts";
import { type ErrorCode, WasmBpfError } from "../internal/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_F_REPLACE, BPF_LINK_DETACH, BPF_LINK_UPDATE } from "../uapi/bpf.ts";
import { EBUSY, EINVAL } from "../uapi/errno.ts";
import { type LinkInfo, linkInfo } from "./link-info.ts";

/** Something attached to the kernel. It stays attached until it is closed, or longer when it is pinned. */
export interface Attachment extends Disposable {
  /** The hook, as in {@link SectionKind.attachHook}. */
  readonly kind: string;
  /** Fd of the kernel's link, `undefined` where the kernel has no link object for this attachment or it is closed. */
  readonly fd: number | undefined;
  /** Takes the program off the hook at once, even when the link is pinned, and closes the link. */
  detach(): void;
  /** Closes the link; without a pin the program is taken off the hook. Closing twice does nothing. */
  close(): void;
  /**
   * Pins the link at `path` in a BPF file system, so that it outlives the process.
   *
   * @throws {SystemCallError} when the kernel refuses: EEXIST when something is there already.
   * @throws {WasmBpfError} code `NOT_SUPPORTED` when the kernel has no link object for this attachment or the directory
   *   is in no BPF file system, `CLOSED` when it is closed.
   */
  pin(path: string): void;
  /**
   * Removes the pin at `path`.
   *
   * @throws {WasmBpfError} code `NOT_FOUND` when it cannot be removed.
   */
  unpin(path: string): void;
  /**
   * What the kernel reports about the link. Requires Linux >= 5.8.
   *
   * @throws {WasmBpfError} code `NOT_SUPPORTED` when the kernel has no link object for this attachment, `CLOSED` when
   *   it is closed.
   */
  info(): LinkInfo;
}

/** A program attached to a hook. */
export interface Link extends Attachment {
  /** The program that runs now. */
  readonly program: BpfProgram;
  /**
   * Puts another loaded program in the place of this one, atomically: there is no moment when none or both run.
   *
   * Requires Linux >= 5.7.
   *
   * @param expected fails with EPERM unless this program is the one that is attached
   * @throws {SystemCallError} when the kernel refuses: EINVAL when this kind of link cannot be updated.
   * @throws {WasmBpfError} code `NOT_SUPPORTED` when the kernel has no link object for this attachment.
   */
  update(program: BpfProgram, expected?: BpfProgram): void;
}

/** A struct_ops map that is registered with the kernel. */
export interface StructOpsLink extends Attachment {
  /** The map that is registered now. */
  readonly map: BpfMap;
  /** Puts another loaded map of the same kind in the place of this one, atomically. Requires Linux >= 6.4. */
  update(map: BpfMap, expected?: BpfMap): void;
}

/** What an attachment holds. */
export interface LinkResources {
  readonly linkFd?: number;
  /** Closed after the link, in this order: perf events, sockets. */
  readonly fds?: readonly number[];
  /** Puts another program in the place of this one, where there is no kernel link that could. */
  readonly replace?: (program: BpfProgram) => void;
  /** Undoes what closing fds does not. Runs once, after they are closed. */
  readonly undo?: () => void;
}

/** Holds a kernel link and what it needs, for programs and maps alike. */
export class LinkHolder implements Attachment {
  readonly kind: string;
  /** The link in messages: `the link of program "x"`. */
  protected readonly label: string;
  #resources: LinkResources | undefined;

  constructor(label: string, kind: string, resources: LinkResources) {
    this.kind = kind;
    this.label = label;
    this.#resources = resources;
  }

  get fd(): number | undefined {
    return this.#resources?.linkFd;
  }

  pin(path: string): void {
    pinFd(this.kernelLink("pin"), path, this.label);
  }

  unpin(path: string): void {
    removePin(path, this.label);
  }

  info(): LinkInfo {
    return linkInfo(this.kernelLink("read the state of"), this.label);
  }

  /** Fd of the kernel's link, for what needs one. */
  protected kernelLink(verb: string): number {
    if (this.fd !== undefined) return this.fd;
    const [code, reason]: [ErrorCode, string] =
      this.#resources === undefined
        ? ["CLOSED", "it is closed"]
        : ["NOT_SUPPORTED", "the kernel has no link object for this attachment"];
    throw new WasmBpfError(code, `Cannot ${verb} ${this.label}: ${reason}`);
  }

  /** What the link holds, as long as it is open. */
  protected get resources(): LinkResources | undefined {
    return this.#resources;
  }

  detach(): void {
    const { fd } = this;
    // Kinds of links that cannot be detached by force answer EOPNOTSUPP; closing is all there is for them.
    if (fd !== undefined) getSys().bpf(BPF_LINK_DETACH, new BpfAttr(4).u32(0, fd));
    this.close();
  }

  close(): void {
    const resources = this.#resources;
    if (resources === undefined) return;
    this.#resources = undefined;
    if (resources.linkFd !== undefined) getSys().close(resources.linkFd);
    for (const fd of resources.fds ?? []) getSys().close(fd);
    resources.undo?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A program attached by one kernel link or perf event. */
export class AttachedLink extends LinkHolder implements Link {
  #program: BpfProgram;

  constructor(program: BpfProgram, kind: string, resources: LinkResources) {
    super(`the link of program "${program.name}"`, kind, resources);
    this.#program = program;
  }

  get program(): BpfProgram {
    return this.#program;
  }

  update(program: BpfProgram, expected?: BpfProgram): void {
    const { replace } = this.resources ?? {};
    if (replace === undefined) {
      updateLink(this.kernelLink("update"), program.fd, expected?.fd, this.label);
    } else {
      replace(program);
    }
    this.#program = program;
  }
}

/** A registered struct_ops map. */
export class RegisteredMap extends LinkHolder implements StructOpsLink {
  #map: BpfMap;

  constructor(map: BpfMap, resources: LinkResources) {
    super(`the link of map "${map.name}"`, "struct_ops", resources);
    this.#map = map;
  }

  get map(): BpfMap {
    return this.#map;
  }

  update(map: BpfMap, expected?: BpfMap): void {
    const value = map.structOpsValue;
    const action = `Cannot update ${this.label}`;
    if (value === undefined) {
      throw new WasmBpfError("INVALID_ARGUMENT", `${action}: map "${map.name}" is no loaded struct_ops map`);
    }
    const link = this.kernelLink("update");
    const prepared = map.rawUpdate(new Uint8Array(4), value, 0n);
    // A map that was registered before has its value.
    if (prepared !== -EBUSY) checkedCall(prepared, "bpf(BPF_MAP_UPDATE_ELEM)", action);
    updateLink(link, map.fd, expected?.fd, this.label);
    this.#map = map;
  }
}

/**
 * Replaces what is behind a link: link 0, new program or map 4, flags 8, old one 12.
 *
 * @throws {SystemCallError} when the kernel refuses.
 */
export function updateLink(
  linkFd: number,
  newFd: number,
  expectedFd: number | undefined,
  what: string,
): void {
  const attr = new BpfAttr(16).u32(0, linkFd).u32(4, newFd);
  if (expectedFd !== undefined) attr.u32(8, BPF_F_REPLACE).u32(12, expectedFd);
  const result = getSys().bpf(BPF_LINK_UPDATE, attr);
  const why =
    result === -EINVAL
      ? ": such a link cannot be updated, or what is to take the place is of another type or for another hook"
      : "";
  checkedCall(result, "bpf(BPF_LINK_UPDATE)", `Cannot update ${what}${why}`);
}
