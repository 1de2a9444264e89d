// biome-ignore lint/performance/noReExportAll: 700 generated constants
export * from "../uapi/bpf.ts";
export {
  XDP_FLAGS_DRV_MODE,
  XDP_FLAGS_HW_MODE,
  XDP_FLAGS_REPLACE,
  XDP_FLAGS_SKB_MODE,
  XDP_FLAGS_UPDATE_IF_NOEXIST,
} from "../uapi/linux.ts";
// biome-ignore lint/performance/noReExportAll: 150 generated constants
export * from "../uapi/perf.ts";
