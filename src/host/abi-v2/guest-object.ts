import type { BpfMap, BpfObject, BpfProgram } from "../../ebpf/index.ts";
import { EBADF, EINVAL, EMFILE } from "../../uapi/errno.ts";
import type { AbiV2Context } from "./context.ts";
import { GuestMap } from "./guest-map.ts";
import type { HandleEntry } from "./handles.ts";
import { KernelDescriptor, type KernelDescriptorOptions, type KernelKind } from "./kernel-descriptor.ts";
import type { LoadLines } from "./lines/libbpf.ts";
import { Refusal } from "./refusal.ts";

/** Guest memory in the place of a map's, see `map_bind`. */
export interface Binding {
  beforeLoad(): void;
  /** @throws {Refusal} when the memory cannot be replaced */
  afterLoad(): void;
  /** The initial contents were changed: the memory gets them. */
  refresh(): void;
  /** Copies between the memory and the map, where they are not the same. @returns 0 or -errno */
  sync(toKernel: boolean): number;
  /** The memory is the guest's own again, with its contents. */
  end(): void;
}

/** An object behind a handle. Programs and maps are known by their place in it. */
export class GuestObject implements HandleEntry {
  readonly object: BpfObject;
  /** As `bpf_object__name` gives it. */
  readonly name: string;
  readonly programs: readonly BpfProgram[];
  /** Those of the object, then the templates of maps in maps. */
  readonly maps: readonly BpfMap[];
  /** Logs of the verifier for programs it refused. */
  readonly refusals: Map<BpfProgram, string> = new Map();
  /** Programs whose log the guest has a buffer for: it is not printed. */
  readonly ownLogs: Set<BpfProgram> = new Set();
  readonly #context: AbiV2Context;
  /** Descriptors that were given out for what the object owns. */
  readonly #descriptors = new Map<unknown, KernelDescriptor>();
  readonly #bindings = new Map<BpfMap, Binding>();
  readonly #releases: (() => void)[] = [];
  /** Directory that the token of the load comes from; `undefined`: the usual one, if it gives one. */
  tokenPath: string | undefined;
  /** What libbpf would say about this object's load. */
  lines: LoadLines | undefined;

  constructor(context: AbiV2Context, object: BpfObject, name: string) {
    this.#context = context;
    this.object = object;
    this.name = name;
    this.programs = [...object.programs.values()];
    const maps = [...object.maps.values()];
    this.maps = [...maps, ...maps.flatMap(({ innerMap }) => innerMap ?? [])];
  }

  /** The guest's descriptor of a map that exists: the same each time. */
  mapFd(map: BpfMap): number {
    return this.#descriptor(map, () => ({ kind: "map", hostFd: map.fd, object: new GuestMap(map.fd, map) }));
  }

  /** The guest's descriptor of a loaded program: the same each time. */
  programFd(program: BpfProgram): number {
    return this.#descriptor(program, () => ({ kind: "program", hostFd: program.fd, object: program }));
  }

  /** The guest's descriptor of the object's types in the kernel: the same each time. */
  btfFd(): number {
    return this.#descriptor(this, () => ({ kind: "btf", hostFd: this.object.btfFd, object: undefined }));
  }

  /** Takes the guest's descriptor of a map or program away, before that is closed. */
  forget(owned: BpfMap | BpfProgram): void {
    const descriptor = this.#descriptors.get(owned);
    this.#descriptors.delete(owned);
    if (descriptor !== undefined) this.#context.fds.closeDescriptor(descriptor);
  }

  /** Where guest memory is, or is to be, the memory of this map. */
  binding(map: BpfMap): Binding | undefined {
    return this.#bindings.get(map);
  }

  setBinding(map: BpfMap, binding: Binding | undefined): void {
    if (binding === undefined) this.#bindings.delete(map);
    else this.#bindings.set(map, binding);
  }

  /** Load reads what the guest has written to memory that is bound. */
  beforeLoad(): void {
    for (const binding of this.#bindings.values()) binding.beforeLoad();
  }

  /** Memory that is bound becomes the kernel's. */
  afterLoad(): void {
    for (const binding of this.#bindings.values()) binding.afterLoad();
  }

  /** Runs `action` when what the object has in the kernel is closed. */
  onRelease(action: () => void): void {
    this.#releases.push(action);
  }

  /** Closes everything in the kernel: at the end, and after a load that failed. */
  release(): void {
    for (const binding of this.#bindings.values()) binding.end();
    this.#bindings.clear();
    for (const descriptor of this.#descriptors.values()) this.#context.fds.closeDescriptor(descriptor);
    this.#descriptors.clear();
    for (const action of this.#releases.splice(0)) action();
    this.object.close();
  }

  close(): void {
    this.release();
  }

  /** The guest's descriptor of the token that the object was loaded with: the same each time. */
  tokenFd(): number {
    return this.#descriptor("token", () => ({
      kind: "token",
      hostFd: this.object.tokenFd,
      object: undefined,
    }));
  }

  #descriptor<K extends KernelKind>(
    owned: unknown,
    describe: () => Pick<KernelDescriptorOptions<K>, "kind" | "hostFd" | "object">,
  ): number {
    const { sys, interrupts, fds } = this.#context;
    const known = this.#descriptors.get(owned);
    const number = known === undefined ? -1 : fds.numberOf(known);
    if (number >= 0) return number;
    // The object owns what is behind the descriptor: closing that closes only the guest's number.
    const descriptor = new KernelDescriptor<K>({ sys, interrupts, ...describe(), onClose: () => {} });
    const fd = fds.add(descriptor);
    if (fd < 0) throw new Refusal(EMFILE);
    this.#descriptors.set(owned, descriptor as unknown as KernelDescriptor);
    return fd;
  }
}

/** @throws {Refusal} EBADF */
export function guestObject(context: AbiV2Context, handle: number): GuestObject {
  const object = context.handles.get(handle, GuestObject);
  if (object === undefined) throw new Refusal(EBADF);
  return object;
}

/** @throws {Refusal} EBADF, EINVAL when there is no such program */
export function guestProgram(context: AbiV2Context, handle: number, index: number): BpfProgram {
  const program = guestObject(context, handle).programs[index];
  if (program === undefined) throw new Refusal(EINVAL);
  return program;
}

/** @throws {Refusal} EBADF, EINVAL when there is no such map */
export function guestMap(context: AbiV2Context, handle: number, index: number): BpfMap {
  const map = guestObject(context, handle).maps[index];
  if (map === undefined) throw new Refusal(EINVAL);
  return map;
}
