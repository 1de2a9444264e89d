import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { WasmBpfError } from "../internal/index.ts";
import { haveGlobalData, machineIsLittleEndian } from "../kernel/index.ts";
import type { MapValue } from "../object/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import {
  BPF_F_RDONLY_PROG,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_PROG_ARRAY,
} from "../uapi/bpf.ts";
import { EEXIST, ENOENT } from "../uapi/errno.ts";
import { createKernelMap } from "./create-map.ts";
import type { LoadObserver } from "./load-observer.ts";
import type { BpfMap } from "./map.ts";
import { mapInfo } from "./map-info.ts";
import { checkPinDirectory, isOnBpfFileSystem, openPin, rawPin } from "./pin.ts";
import type { BpfProgram } from "./program.ts";

/** Maps pinned by a load that is not finished: they are unpinned when it fails. */
export type NewPins = BpfMap[];

/**
 * Creates the maps of an object, or takes those that are pinned where theirs are to be, and fills in global
 * variables and inner maps. Prog arrays get their programs later: {@link fillProgramArrays}.
 *
 * @param btfFd the object's BTF, -1 for none
 * @throws {SystemCallError} when the kernel refuses one.
 */
export function createMaps(
  maps: ReadonlyMap<string, BpfMap>,
  btfFd: number,
  pins: NewPins,
  observer: LoadObserver = {},
): void {
  // Maps that hold maps come after those they hold.
  const names = [...maps.keys()];
  const isLate = (map: BpfMap): boolean =>
    hasMapValues(map) &&
    (map.spec.values?.some(({ name }) => names.indexOf(name) > names.indexOf(map.name)) ?? false);
  const ordered = [...maps.values()].sort((a, b) => Number(isLate(a)) - Number(isLate(b)));
  for (const map of ordered) {
    // Old kernels have no maps for variables; programs that use none still load there.
    if (!map.autocreate || (map.spec.internal !== undefined && !haveGlobalData())) {
      observer.mapSkipped?.(map);
      continue;
    }
    try {
      createOne(map, maps, btfFd, pins, observer);
    } catch (error) {
      observer.mapRefused?.(map, error);
      throw error;
    }
  }
}

function createOne(
  map: BpfMap,
  maps: ReadonlyMap<string, BpfMap>,
  btfFd: number,
  pins: NewPins,
  observer: LoadObserver,
): void {
  if (map.loaded) {
    observer.mapReady?.(map, "given");
  } else if (takePinned(map)) {
    observer.mapReady?.(map, "pinned");
    return;
  } else {
    map.takeFd(createKernelMap(map, btfFd, map.structOps?.valueType, observer));
    observer.mapReady?.(map, "created");
    if (map.type === BPF_MAP_TYPE_ARENA) fillArena(map);
    else fillVariables(map);
    fillMapSlots(map, maps, observer);
  }
  if (pinNew(map, pins)) observer.mapPinned?.(map);
}

function hasMapValues(map: BpfMap): boolean {
  return map.spec.values?.some(({ kind }) => kind === "map") ?? false;
}

function fillVariables(map: BpfMap): void {
  const contents = map.spec.internal === undefined ? undefined : map.initialValue;
  if (contents === undefined) return;
  map.update(new Uint8Array(4), contents);
  if ((map.flags & BPF_F_RDONLY_PROG) !== 0) map.freeze();
}

/** The kernel takes the arena's address from its first mapping; programs cannot use it before. */
function fillArena(map: BpfMap): void {
  const contents = map.initialValue ?? new Uint8Array(0);
  if (contents.length > map.mmapSizeBytes) {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Arena "${map.name}" of ${map.maxEntries} pages cannot hold its ${contents.length} bytes of variables`,
    );
  }
  const memory = map.mmap();
  if (contents.length > 0) new Uint8Array(memory).set(contents, map.variablesOffsetBytes);
}

function bySlot(map: BpfMap): MapValue[] {
  return [...(map.spec.values ?? [])].sort((a, b) => a.slot - b.slot);
}

function fdBytes(fd: number): Uint8Array {
  return new Uint8Array(Int32Array.of(fd).buffer);
}

function fillMapSlots(map: BpfMap, maps: ReadonlyMap<string, BpfMap>, observer: LoadObserver): void {
  if (!hasMapValues(map)) return;
  for (const { slot, name } of bySlot(map)) {
    const target = maps.get(name);
    if (target === undefined) {
      throw new WasmBpfError(
        "NOT_FOUND",
        `Map "${map.name}" holds map "${name}", which the object does not define`,
      );
    }
    if (!target.loaded) observer.slotRefused?.(map, slot, target);
    map.update(fdBytes(slot), fdBytes(target.fd));
    observer.slotFilled?.(map, slot, target);
  }
}

/** Puts programs into the prog arrays that name them, once they are loaded. */
export function fillProgramArrays(
  maps: ReadonlyMap<string, BpfMap>,
  programs: ReadonlyMap<string, BpfProgram>,
  observer: LoadObserver = {},
): void {
  for (const map of maps.values()) {
    if (map.type !== BPF_MAP_TYPE_PROG_ARRAY || !map.loaded) continue;
    for (const { slot, name } of bySlot(map)) {
      const program = programs.get(name);
      if (program === undefined) {
        throw new WasmBpfError(
          "NOT_FOUND",
          `Map "${map.name}" holds program "${name}", which is not in the object`,
        );
      }
      if (!program.loaded) observer.slotRefused?.(map, slot, program);
      map.update(fdBytes(slot), fdBytes(program.fd));
      observer.slotFilled?.(map, slot, program);
    }
  }
}

/** Puts the fds of loaded programs where the functions of struct_ops maps are. */
export function fillStructOps(
  maps: ReadonlyMap<string, BpfMap>,
  programs: ReadonlyMap<string, BpfProgram>,
): void {
  for (const { structOps } of maps.values()) {
    if (structOps === undefined) continue;
    const view = new DataView(structOps.value.buffer, structOps.value.byteOffset, structOps.value.length);
    for (const { program, offsetBytes } of structOps.callbacks) {
      const fd = programs.get(program)?.fd ?? 0;
      view.setBigUint64(offsetBytes, BigInt(fd), machineIsLittleEndian());
    }
  }
}

/** Takes a map that is pinned at the map's path. @returns false when nothing is pinned there. */
function takePinned(map: BpfMap): boolean {
  if (map.pinPath === "") return false;
  const fd = openPin(map.pinPath);
  if (fd === -ENOENT) return false;
  checkedCall(fd, "bpf(BPF_OBJ_GET)", `Cannot open the map pinned at ${map.pinPath}`);
  try {
    const difference = findDifference(map, fd);
    if (difference !== undefined) {
      throw new WasmBpfError(
        "INVALID_ARGUMENT",
        `Map "${map.name}" cannot use the map pinned at ${map.pinPath}: ${difference}. Remove the pin or change the map`,
      );
    }
    map.takeFd(fd);
    return true;
  } catch (error) {
    getSys().close(fd);
    throw error;
  }
}

function findDifference(map: BpfMap, fd: number): string | undefined {
  const info = mapInfo(fd, `the map pinned at ${map.pinPath}`);
  let flags = info.flags;
  // The kernel sets this flag on device maps by itself.
  if (map.type === BPF_MAP_TYPE_DEVMAP || map.type === BPF_MAP_TYPE_DEVMAP_HASH) flags &= ~BPF_F_RDONLY_PROG;
  const pairs: [what: string, wanted: number | bigint, pinned: number | bigint][] = [
    ["type", map.type, info.type],
    ["key size", map.keySizeBytes, info.keySizeBytes],
    ["value size", map.elementSizeBytes, info.valueSizeBytes],
    ["number of entries", map.maxEntries, info.maxEntries],
    ["flags", map.flags, flags],
    ["extra", map.definition.mapExtra, info.mapExtra],
  ];
  const differing = pairs.find(([, wanted, pinned]) => wanted !== pinned);
  if (differing === undefined) return undefined;
  const [what, wanted, pinned] = differing;
  return `its ${what} is ${pinned}, the object wants ${wanted}`;
}

/** @returns whether it pinned the map. */
function pinNew(map: BpfMap, pins: NewPins): boolean {
  const path = map.pinPath;
  if (path === "") return false;
  const what = `map "${map.name}"`;
  const directory = dirname(path);
  // A pin root may be a directory that nobody has made yet.
  if (isOnBpfFileSystem(dirname(directory))) mkdirSync(directory, { recursive: true });
  checkPinDirectory(path, what);
  const result = rawPin(map.fd, path);
  if (result === -EEXIST) {
    // Somebody else pinned theirs since we looked: use it, if it fits.
    const own = map.fd;
    if (takePinned(map)) getSys().close(own);
    return false;
  }
  checkedCall(result, "bpf(BPF_OBJ_PIN)", `Cannot pin ${what} at ${path}`);
  pins.push(map);
  return true;
}
