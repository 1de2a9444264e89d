// biome-ignore lint/performance/noReExportAll: all of the layer is public
export * from "../asm/index.ts";
