import { BpfObject } from "../../src/ebpf/index.ts";
import { SystemCallError } from "../../src/sys/index.ts";
import { compileBpf } from "./compile-bpf.ts";

/** Writes the keys of a map of `__u32`, `numbers`, as they are in memory. */
export const MAP_ITERATOR: Uint8Array = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u32); } numbers SEC(".maps");
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; void *map, *key; } __attribute__((preserve_access_index));
SEC("iter/bpf_map_elem") int on_element(struct bpf_iter__bpf_map_elem *ctx) {
  __u32 *key = ctx->key, copy;
  if (!key) return 0;
  copy = *key;
  bpf_seq_write(ctx->meta->seq, &copy, 4);
  return 0;
}
`);

/** Why the running kernel refuses root an iterator over a map's elements; false where it does not. */
export function mapIteratorRefusal(): string | false {
  const object = BpfObject.open(MAP_ITERATOR, { name: "map-iterator" });
  try {
    object.load();
    return false;
  } catch (error) {
    if (error instanceof SystemCallError && error.errnoName === "EPERM") return error.message;
    throw error;
  } finally {
    object.close();
  }
}
