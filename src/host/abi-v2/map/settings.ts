import type { BpfMap, MapConfiguration } from "../../../ebpf/index.ts";
import { BPF_MAP_TYPE_ARRAY } from "../../../uapi/bpf.ts";
import { EBUSY, EINVAL, ENOENT, EOPNOTSUPP } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { guestRange, optionalText, sizedOutput } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { type GuestObject, guestMap, guestObject, guestProgram } from "../guest-object.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { requirePinPath } from "../permission.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { type FunctionNumbers, guestStructOps, setGuestStructOps } from "./struct-ops-values.ts";

const SET_TYPE = 1;
const SET_KEY_SIZE = 2;
const SET_VALUE_SIZE = 3;
const SET_MAX_ENTRIES = 4;
const SET_FLAGS = 5;
const SET_NUMA_NODE = 6;
const SET_IFINDEX = 7;
const SET_EXTRA = 8;
const SET_AUTOCREATE = 9;
const SET_AUTOATTACH = 10;
const SET_FUNCTIONS = 11;
const SET_EXCLUSIVE = 12;
const NAME_PIN_PATH = 1;
const FD_REUSE = 1;
const FD_INNER = 2;

/** What a guest says about maps before they are created. */
export function mapSettingImports(context: AbiV2Context): HostImports {
  const { memory, fds } = context;
  const functions = new WeakMap<BpfMap, FunctionNumbers>();

  /** @throws {Refusal} EBUSY when the map exists already */
  function configurable(handle: number, index: number): { owner: GuestObject; map: BpfMap } {
    const owner = guestObject(context, handle);
    const map = guestMap(context, handle, index);
    if (owner.object.prepared || owner.object.closed || map.loaded) throw new Refusal(EBUSY);
    return { owner, map };
  }

  function set(handle: number, index: number, property: number, low: number, high: number): number {
    const value = low >>> 0;
    if (property === SET_AUTOATTACH) {
      // The library attaches; it need only be told which maps can be.
      return guestMap(context, handle, index).spec.structOps === undefined ? -EINVAL : 0;
    }
    const { owner, map } = configurable(handle, index);
    if (property === SET_FUNCTIONS) {
      if (map.spec.structOps === undefined) return -EINVAL;
      functions.set(map, { first: BigInt(value), step: BigInt(high >>> 0) });
      return 0;
    }
    if (property === SET_EXCLUSIVE) {
      map.setExclusiveProgram(guestProgram(context, handle, value));
      return 0;
    }
    const changesMemory = property >= SET_TYPE && property <= SET_FLAGS;
    if (changesMemory && owner.binding(map) !== undefined) return -EBUSY;
    if (property === SET_VALUE_SIZE && map.initialValue !== undefined && map.type !== BPF_MAP_TYPE_ARRAY) {
      return -EOPNOTSUPP;
    }
    const configuration = configurationOf(property, value, high >>> 0);
    if (configuration === undefined) return -EINVAL;
    map.configure(configuration);
    return 0;
  }

  function setName(handle: number, index: number, property: number, text: number): number {
    if (property !== NAME_PIN_PATH) return -EINVAL;
    const { owner, map } = configurable(handle, index);
    const pinPath = optionalText(memory, text) ?? "";
    if (pinPath !== "") requirePinPath(context, owner.object.options.pinRoot, pinPath);
    map.configure({ pinPath });
    return 0;
  }

  function setFd(handle: number, index: number, property: number, fd: number): number {
    const { map } = configurable(handle, index);
    const given = kernelDescriptor(fds, fd, "map").object;
    if (property === FD_REUSE) map.reuse(given.fd);
    else if (property === FD_INNER) map.setInnerMapFd(given.fd);
    else return -EINVAL;
    return 0;
  }

  function initial(handle: number, index: number, at: number, size: number): number {
    const owner = guestObject(context, handle);
    const map = guestMap(context, handle, index);
    const contents = map.initialValue;
    if (contents === undefined) return -ENOENT;
    const isStructOps = map.spec.structOps !== undefined;
    const shown = isStructOps ? guestStructOps(owner, map, functions.get(map)) : contents;
    return sizedOutput(memory, at, size, shown);
  }

  function setInitial(handle: number, index: number, at: number, size: number): number {
    const { owner, map } = configurable(handle, index);
    const contents = map.initialValue;
    if (contents === undefined || map.spec.internal?.kind === "kconfig") return -EINVAL;
    if (contents.length !== size >>> 0) return -EINVAL;
    const given = guestRange(memory, at, contents.length);
    if (map.spec.structOps !== undefined) return setGuestStructOps(owner, map, functions.get(map), given);
    contents.set(given);
    owner.binding(map)?.refresh();
    return 0;
  }

  return {
    map_set: guestCall((object, map, property, low, high) => set(object, map, property, low, high)),
    map_set_name: guestCall((object, map, property, text) => setName(object, map, property, text)),
    map_set_fd: guestCall((object, map, property, fd) => setFd(object, map, property, fd)),
    map_initial: guestCall((object, map, at, size) => initial(object, map, at, size)),
    map_set_initial: guestCall((object, map, at, size) => setInitial(object, map, at, size)),
  };
}

function configurationOf(property: number, value: number, high: number): MapConfiguration | undefined {
  switch (property) {
    case SET_TYPE:
      return { type: value };
    case SET_KEY_SIZE:
      return { keySizeBytes: value };
    case SET_VALUE_SIZE:
      return { valueSizeBytes: value };
    case SET_MAX_ENTRIES:
      return { maxEntries: value };
    case SET_FLAGS:
      return { flags: value };
    case SET_NUMA_NODE:
      return { numaNode: value };
    case SET_IFINDEX:
      return { ifindex: value };
    case SET_EXTRA:
      return { mapExtra: (BigInt(high) << 32n) | BigInt(value) };
    case SET_AUTOCREATE:
      return { autocreate: value !== 0 };
    default:
      return undefined;
  }
}
