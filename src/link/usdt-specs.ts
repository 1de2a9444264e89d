import type { BpfMap } from "../ebpf/index.ts";

/** Which places of the map `__bpf_usdt_specs` are taken. */
interface Places {
  readonly free: number[];
  next: number;
}

const places = new WeakMap<BpfMap, Places>();

function placesOf(specs: BpfMap): Places {
  let found = places.get(specs);
  if (found === undefined) {
    found = { free: [], next: 0 };
    places.set(specs, found);
  }
  return found;
}

/** Takes a place for a probe's spec. @returns its index, `undefined` when all are taken */
export function takeSpecId(specs: BpfMap): number | undefined {
  const { free, next } = placesOf(specs);
  const again = free.pop();
  if (again !== undefined) return again;
  if (next >= specs.maxEntries) return undefined;
  placesOf(specs).next++;
  return next;
}

/** Gives places back once no probe uses them. */
export function releaseSpecIds(specs: BpfMap, ids: Iterable<number>): void {
  placesOf(specs).free.push(...ids);
}
