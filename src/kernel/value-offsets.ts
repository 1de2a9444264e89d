import { exit, loadMapValue, R1 } from "../asm/index.ts";
import { getSys } from "../sys/index.ts";
import { BPF_MAP_TYPE_ARRAY, BPF_PROG_TYPE_SOCKET_FILTER } from "../uapi/bpf.ts";
import { createMap } from "./create-map.ts";
import { cachedFeature } from "./feature-cache.ts";
import { loadProbeProgram } from "./probe.ts";

const OUTSIDE_BYTES = 1 << 30;

/**
 * Whether programs may name any place in a map's value, which an arena of 4 GiB needs at its end; before, 512 MiB from the
 * start were the most. Follows libbpf 1.8 (probe_ldimm64_full_range_off). Linux >= 7.0.
 */
export function haveFullValueOffsets(): boolean {
  return cachedFeature("full value offsets", () => {
    const map = createMap({ type: BPF_MAP_TYPE_ARRAY, keySizeBytes: 4, valueSizeBytes: 1, maxEntries: 1 });
    if (map < 0) return undefined;
    const log = new Uint8Array(1024);
    const program = [loadMapValue(R1, map, OUTSIDE_BYTES), exit()];
    const result = loadProbeProgram(BPF_PROG_TYPE_SOCKET_FILTER, program, { log });
    getSys().close(map);
    // It is refused everywhere, since the value has one byte: what differs is the reason.
    if (result >= 0) getSys().close(result);
    const reason = new TextDecoder().decode(log);
    if (reason.includes("direct value offset of")) return false;
    return reason.includes("invalid access to map value pointer") ? true : undefined;
  });
}
