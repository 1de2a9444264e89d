import type { Btf } from "../../btf/index.ts";
import { BpfObject } from "../../ebpf/index.ts";
import { type AttachOptions, attachProgram } from "../../link/index.ts";
import { EBADF, EFAULT, EINVAL, ENOENT } from "../../uapi/errno.ts";
import { GuestEnding } from "../ending.ts";
import { type HostImports, hostImport } from "../host-import.ts";
import type { Interrupts } from "../interrupts.ts";
import type { GuestMemory } from "../memory.ts";
import { type BufferStatistics, pollBuffer, type SampleCallback } from "./buffer-poll.ts";
import type { FdResolver } from "./fd-values.ts";
import type { GuestObject } from "./guest-object.ts";
import { mapOperate } from "./map-operate.ts";
import type { ObjectTable } from "./object-table.ts";
import { errnoOf } from "./result.ts";

export type { BufferStatistics } from "./buffer-poll.ts";
export { type FdResolver, holdsFds, hostKey, hostValue } from "./fd-values.ts";
export { ObjectTable } from "./object-table.ts";
export { errnoOf } from "./result.ts";

/** Import module name of ABI version 1. */
export const ABI_V1_MODULE = "wasm_bpf";
/** The one function that TinyGo guests import from another module, without the callback's table index. */
export const POLL_IMPORT = "wasm_bpf_buffer_poll";

/** What the imports of one guest work on. */
export interface AbiV1Context {
  readonly memory: GuestMemory;
  readonly interrupts: Interrupts;
  readonly objects: ObjectTable;
  readonly statistics: BufferStatistics;
  /** Instead of the running kernel's BTF. */
  readonly kernelBtf: (() => Btf) | undefined;
  /** Host descriptor of a directory the guest has open. */
  directoryFd(guestFd: number): number | undefined;
  /** Entry of the guest's function table. */
  tableFunction(index: number): SampleCallback | undefined;
  /** Exported function that TinyGo guests name as their callback. */
  namedCallback(): SampleCallback | undefined;
  /** Explains a refused load or attachment to the user. */
  report(error: unknown): void;
}

/** The seven functions of ABI version 1, see `docs/abi.md`. */
export function abiV1Imports(context: AbiV1Context): HostImports {
  const { memory, objects, interrupts } = context;

  function load(pointer: number, size: number): bigint {
    const bytes = memory.copy(pointer, size >>> 0);
    if (bytes === undefined) return 0n;
    let object: BpfObject | undefined;
    try {
      const { kernelBtf } = context;
      object = BpfObject.open(bytes, kernelBtf === undefined ? {} : { kernelBtf });
      object.load();
      return objects.add(object);
    } catch (error) {
      object?.close();
      errnoOf(error);
      context.report(error);
      return 0n;
    }
  }

  function attach(handle: bigint, namePointer: number, target: string, options: AttachOptions = {}): number {
    const owner = objects.object(handle);
    if (owner === undefined) return -EBADF;
    const name = memory.cstring(namePointer);
    if (name === undefined || namePointer === 0) return -EFAULT;
    try {
      const program = owner.object.program(name);
      interrupts.hostWork(() => owner.object.adopt(attachProgram(program, target, options)));
      return 0;
    } catch (error) {
      const errno = errnoOf(error);
      context.report(error);
      return -errno;
    }
  }

  function close(handle: bigint): number {
    try {
      return objects.close(handle) ? 0 : -EBADF;
    } catch (error) {
      // Everything is closed all the same.
      const errno = errnoOf(error);
      context.report(error);
      return -errno;
    }
  }

  function attachByName(handle: bigint, name: number, targetPointer: number): number {
    const target = targetPointer === 0 ? "" : memory.cstring(targetPointer);
    return target === undefined ? -EFAULT : attach(handle, name, target);
  }

  function attachByFd(handle: bigint, name: number, targetFd: number): number {
    if (targetFd < 0) return attach(handle, name, "");
    const directory = context.directoryFd(targetFd);
    return directory === undefined ? -EBADF : attach(handle, name, "", { targetFd: directory });
  }

  function mapFd(handle: bigint, namePointer: number): number {
    const owner = objects.object(handle);
    if (owner === undefined) return -EBADF;
    const name = memory.cstring(namePointer);
    if (name === undefined || namePointer === 0) return -EFAULT;
    try {
      return objects.mapFd(owner, owner.object.map(name));
    } catch (error) {
      return -errnoOf(error);
    }
  }

  function poll(
    handle: bigint,
    fd: number,
    callback: SampleCallback | undefined,
    parameters: { context: number; data: number; maxSize: number; timeoutMs: number },
  ): number {
    const owner: GuestObject | undefined = objects.object(handle);
    const target = objects.map(fd);
    if (owner === undefined) return -EBADF;
    if (target === undefined || target.owner !== owner) return -ENOENT;
    if (callback === undefined || parameters.maxSize < 0) return -EINVAL;
    if (!memory.has(parameters.data, parameters.maxSize)) return -EFAULT;
    try {
      return pollBuffer({
        memory,
        interrupts,
        statistics: context.statistics,
        owner,
        buffer: owner.buffer(target.map),
        // A record takes 16 bytes of a ring at least.
        limit: Math.max(65536, target.map.maxEntries / 16),
        callback,
        context: parameters.context,
        data: parameters.data,
        maxSizeBytes: parameters.maxSize,
        timeoutMs: parameters.timeoutMs,
      });
    } catch (error) {
      if (error instanceof GuestEnding) throw error;
      return -errnoOf(error);
    }
  }

  const resolver: FdResolver = (kind, guestFd) => {
    // No import of this version gives a guest anything else that a map could hold.
    if (kind === "directory") return context.directoryFd(guestFd);
    const target = kind === "map" ? objects.map(guestFd) : undefined;
    return target?.map.loaded ? target.map.fd : undefined;
  };

  return {
    wasm_load_bpf_object: hostImport("ii", "I", (pointer: number, size: number) =>
      interrupts.hostWork(() => load(pointer, size)),
    ),
    wasm_close_bpf_object: hostImport("I", "i", (handle: bigint) => interrupts.hostWork(() => close(handle))),
    wasm_attach_bpf_program: hostImport("Iii", "i", attachByName),
    wasm_attach_bpf_program_fd: hostImport("Iii", "i", attachByFd),
    wasm_bpf_map_fd_by_name: hostImport("Ii", "i", mapFd),
    wasm_bpf_map_operate: hostImport(
      "iiiiiI",
      "i",
      (fd: number, command: number, key: number, value: number, nextKey: number, flags: bigint) =>
        mapOperate(
          memory,
          objects.map(fd),
          resolver,
          command,
          key,
          value,
          nextKey,
          BigInt.asUintN(64, flags),
        ),
    ),
    [POLL_IMPORT]: hostImport(
      "Iiiiiii",
      "i",
      (
        handle: bigint,
        fd: number,
        sampleFunction: number,
        callbackContext: number,
        data: number,
        maxSize: number,
        timeoutMs: number,
      ) =>
        poll(handle, fd, context.tableFunction(sampleFunction >>> 0), {
          context: callbackContext,
          data,
          maxSize,
          timeoutMs,
        }),
    ),
  };
}

/** The import of TinyGo guests: the callback is an export of the guest. */
export function wrapperImports(context: AbiV1Context): HostImports {
  const full = abiV1Imports({ ...context, tableFunction: () => context.namedCallback() });
  const poll = full[POLL_IMPORT];
  return {
    [POLL_IMPORT]: hostImport(
      "Iiiiii",
      "i",
      (
        handle: bigint,
        fd: number,
        callbackContext: number,
        data: number,
        maxSize: number,
        timeoutMs: number,
      ) => poll?.call(handle, fd, 0, callbackContext, data, maxSize, timeoutMs),
    ),
  };
}
