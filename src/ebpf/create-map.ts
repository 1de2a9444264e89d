import { WasmBpfError } from "../internal/index.ts";
import {
  createMap,
  haveMapType,
  haveMmapableArrays,
  haveObjectNames,
  type MapCreateArguments,
  missingFeature,
} from "../kernel/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { BPF_F_LINK, BPF_F_MMAPABLE, BPF_F_VTYPE_BTF_OBJ_FD, BPF_STRUCT_OPS } from "../uapi/bpf.ts";
import { EINVAL } from "../uapi/errno.ts";
import type { LoadObserver } from "./load-observer.ts";
import type { BpfMap } from "./map.ts";
import { acceptsBtf, isMapInMapType } from "./map-type.ts";

/** Type of the value of a struct_ops map in the BTF of the kernel or of a module. */
export interface KernelValueType {
  readonly typeId: number;
  /** Fd of the module's BTF, 0 for the kernel itself. */
  readonly btfFd: number;
}

/**
 * Creates one map in the kernel, without contents.
 *
 * @param btfFd the object's BTF, -1 for none
 * @returns its fd
 * @throws {SystemCallError} when the kernel refuses it.
 */
export function createKernelMap(
  map: BpfMap,
  btfFd: number,
  kernelValue?: KernelValueType,
  observer: LoadObserver = {},
): number {
  const inner = isMapInMapType(map.type) ? map.innerMap : undefined;
  if (isMapInMapType(map.type) && inner === undefined) {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Cannot create map "${map.name}": it holds maps, and nothing says what they are like. Declare them with __array(values, ...) or call setInnerMap()`,
    );
  }
  // The kernel reads the shape of inner maps off one; a blueprint is created for that only.
  const ownInner = inner !== undefined && !inner.loaded;
  const innerFd = inner === undefined ? -1 : ownInner ? createKernelMap(inner, btfFd) : inner.fd;
  try {
    const request: MapCreateArguments = {
      ...requestOf(map),
      ...(innerFd < 0 ? {} : { innerMapFd: innerFd }),
    };
    if (kernelValue !== undefined) return createStructOps(map, request, btfFd, kernelValue);
    const { keyTypeId, valueTypeId } = map.definition;
    const typed = btfFd >= 0 && acceptsBtf(map.type) && (keyTypeId !== 0 || valueTypeId !== 0);
    let result = typed ? createMap({ ...request, btfFd, keyTypeId, valueTypeId }) : createMap(request);
    // Types are for people; a kernel that does not accept them may still accept the map.
    if (result < 0 && typed) {
      observer.mapUntyped?.(map, -result);
      const untyped = createMap(request);
      if (untyped >= 0) result = untyped;
    }
    return checkedCall(result, "bpf(BPF_MAP_CREATE)", describeRefusal(map, result));
  } finally {
    if (ownInner) getSys().close(innerFd);
  }
}

function requestOf(map: BpfMap): MapCreateArguments {
  const { definition, spec } = map;
  let flags = definition.flags;
  if (spec.internal !== undefined && (flags & BPF_F_MMAPABLE) !== 0 && !haveMmapableArrays()) {
    flags &= ~BPF_F_MMAPABLE;
    map.configure({ flags });
  }
  return {
    type: map.type,
    ...(haveObjectNames() ? { name: spec.kernelName } : {}),
    keySizeBytes: map.keySizeBytes,
    valueSizeBytes: map.elementSizeBytes,
    maxEntries: map.maxEntries,
    flags,
    ...(definition.numaNode === undefined ? {} : { numaNode: definition.numaNode }),
    ifindex: definition.ifindex,
    mapExtra: definition.mapExtra,
    ...(map.exclusiveHash === undefined ? {} : { exclusiveHash: map.exclusiveHash }),
  };
}

/** The kernel knows the value's type; of the object it only wants to know that it has types. */
function createStructOps(
  map: BpfMap,
  request: MapCreateArguments,
  btfFd: number,
  { typeId, btfFd: moduleFd }: KernelValueType,
): number {
  const result = createMap({
    ...request,
    ...(btfFd < 0 ? {} : { btfFd }),
    vmlinuxValueTypeId: typeId,
    ...(moduleFd === 0
      ? {}
      : {
          valueTypeBtfObjectFd: moduleFd,
          flags: (request.flags ?? 0) | BPF_F_VTYPE_BTF_OBJ_FD,
        }),
  });
  return checkedCall(result, "bpf(BPF_MAP_CREATE)", describeRefusal(map, result));
}

function describeRefusal(map: BpfMap, result: number): string {
  const sizes = `type ${map.type}, keys of ${map.keySizeBytes} and values of ${map.elementSizeBytes} bytes, ${map.maxEntries} entries`;
  const missing = result === -EINVAL ? whatIsMissing(map) : undefined;
  return `Cannot create map "${map.name}" (${sizes})${missing === undefined ? "" : `: ${missing}`}`;
}

function whatIsMissing(map: BpfMap): string | undefined {
  const type = missingFeature("map type", map.type, haveMapType(map.type));
  if (type !== undefined || (map.flags & BPF_F_LINK) === 0) return type;
  return missingFeature("attach type", BPF_STRUCT_OPS);
}
