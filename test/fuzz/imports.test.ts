import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDirectory } from "../support/compile.ts";
import { compiledBpfPath } from "../support/compile-bpf.ts";
import { runInNamespace } from "../support/namespace-child.ts";

/** Calls of each import, a fifth of the mutants elsewhere; WASM_BPF_FUZZ sets a long run, WASM_BPF_FUZZ_SEED other calls. */
const rounds = Math.ceil(Number(process.env.WASM_BPF_FUZZ ?? 1000) / 5);
const seed = process.env.WASM_BPF_FUZZ_SEED ?? "1";

const OBJECT = compiledBpfPath(`
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); }
  numbers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); }
  tails SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } requests SEC(".maps");
const volatile __u32 limit = 7;
__u32 counter;
SEC("socket") int seven(struct __sk_buff *skb) { counter++; return bpf_map_lookup_elem(&numbers, &(int){1}) ? 1 : limit; }
SEC("raw_tp/task_newtask") int on_task(void *ctx) { return 0; }
SEC("xdp") int on_packet(struct xdp_md *ctx) { return XDP_PASS; }
SEC("syscall") int on_request(void *ctx) { return 0; }
`);

test("every import answers whatever comes, and nothing is left", (t) =>
  withDirectory((directory) => {
    mkdirSync(join(directory, "a"));
    try {
      t.diagnostic(runInNamespace(t, "../fuzz/imports-child.js", OBJECT, directory, seed, String(rounds)));
    } finally {
      rmSync("/sys/fs/bpf/fuzzed", { force: true });
    }
  }));
