import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { TestContext } from "node:test";
import { AbiGuest } from "./abi-v2.ts";
import { compileBpf } from "./compile-bpf.ts";
import { compileProgram } from "./compile-program.ts";
import { TestObject } from "./test-object.ts";

/** A program with functions and a static probe to attach to; it makes one call of unlinkat. */
export const TARGET: string = compileProgram(`
#include <fcntl.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <unistd.h>
__attribute__((noinline)) int probed(int x) { __asm__ volatile("" : "+r"(x)); return x * 2; }
__attribute__((noinline)) int probed_too(int x) { __asm__ volatile("" : "+r"(x)); return x * 2; }
int main(void) {
  STAP_PROBE1(own, once, 7);
  syscall(SYS_unlinkat, AT_FDCWD, "/tmp/wasm-bpf-no-such-file", 0);
  return probed(0) + probed_too(0);
}
`);

/** Runs {@link TARGET} once. */
export function fire(): void {
  execFileSync(TARGET);
}

/** Programs that count how often they run, one or more for each hook. */
export const PROGRAMS: Uint8Array = compileBpf(`
#include <asm/ptrace.h>
#include <stdbool.h>
#include <bpf/usdt.bpf.h>
#define RELOCATED __attribute__((preserve_access_index))
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } RELOCATED;
struct bpf_iter__task { struct bpf_iter_meta *meta; void *task; } RELOCATED;
struct task_struct { struct task_struct *real_parent; int tgid; } RELOCATED;
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; void *map, *key; } RELOCATED;
const volatile int parent;
long count, cookie;
static int counted(void *ctx) { __sync_fetch_and_add(&count, 1); return 0; }
static int with_cookie(void *ctx) { cookie = bpf_get_attach_cookie(ctx); return counted(ctx); }
/* Other processes of the machine call the kernel's functions as well, and other tests start the same program. */
static bool is_child(void) {
  struct task_struct *task = (void *)bpf_get_current_task();
  return BPF_CORE_READ(task, real_parent, tgid) == parent;
}
static int of_child(void *ctx) { return is_child() ? with_cookie(ctx) : 0; }
SEC("tp/syscalls/sys_enter_unlinkat") int on_tracepoint(void *ctx) { return of_child(ctx); }
SEC("tp") int on_any_tracepoint(void *ctx) { return counted(ctx); }
SEC("raw_tp/sys_enter") int on_raw(void *ctx) { return counted(ctx); }
SEC("tp_btf/sys_enter") int on_typed(void *ctx) { return counted(ctx); }
SEC("kprobe/do_unlinkat") int on_kprobe(void *ctx) { return of_child(ctx); }
SEC("kprobe") int on_any_kprobe(void *ctx) { return of_child(ctx); }
SEC("kretprobe/do_unlinkat+4") int on_bad_kretprobe(void *ctx) { return counted(ctx); }
SEC("kprobe.multi") int on_kprobes(void *ctx) { return of_child(ctx); }
SEC("ksyscall/unlinkat") int on_ksyscall(void *ctx) { return counted(ctx); }
SEC("uprobe") int on_uprobe(void *ctx) { return of_child(ctx); }
SEC("uprobe/no-colon") int on_bad_uprobe(void *ctx) { return counted(ctx); }
SEC("uprobe.multi") int on_uprobes(void *ctx) { return of_child(ctx); }
SEC("usdt") int BPF_USDT(on_usdt, long first) {
  if (!is_child()) return 0;
  cookie = bpf_usdt_cookie(ctx) + first;
  return counted(ctx);
}
SEC("perf_event") int on_perf_event(void *ctx) { return counted(ctx); }
SEC("cgroup_skb/egress") int on_egress(struct __sk_buff *skb) { counted(skb); return 1; }
SEC("cgroup_skb/egress") int on_egress_2(struct __sk_buff *skb) { counted(skb); return 1; }
SEC("socket") int on_packet(struct __sk_buff *skb) { return counted(skb); }
SEC("xdp") int on_xdp(struct xdp_md *ctx) { counted(ctx); return XDP_PASS; }
SEC("iter/task") int on_task(struct bpf_iter__task *ctx) {
  if (ctx->task) bpf_seq_write(ctx->meta->seq, "task\\n", 5);
  return 0;
}
SEC("iter/bpf_map_elem") int on_element(struct bpf_iter__bpf_map_elem *ctx) {
  __u32 *key = ctx->key, copy;
  if (!key) return 0;
  copy = *key;
  bpf_seq_write(ctx->meta->seq, &copy, 4);
  return 0;
}
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u32); } numbers SEC(".maps");
`);

/** Hooks of `link_attach`. */
export const TRACEPOINT = 1;
export const RAW_TRACEPOINT = 2;
export const KPROBE = 3;
export const KPROBE_MULTI = 4;
export const UPROBE = 6;
export const UPROBE_MULTI = 7;
export const USDT = 8;
export const PERF_EVENT = 9;
export const CGROUP = 12;
export const XDP = 15;
export const FREPLACE = 16;
export const NETFILTER = 17;
export const TCX = 18;
export const ITERATOR = 20;
export const STRUCT_OPS = 21;

/** Fields of a request block by their offsets. */
export type Fields = Readonly<Record<number, number | bigint>>;

/** Some of {@link PROGRAMS}, loaded, as a guest has them. */
export class LinkFixture {
  readonly guest: AbiGuest = new AbiGuest();
  readonly object: TestObject;
  readonly handle: number;

  constructor(t: TestContext, ...programs: string[]) {
    this.object = new TestObject(t, PROGRAMS, programs);
    this.object.set("parent", process.pid);
    this.object.object.load();
    t.after(() => this.guest.close());
    this.handle = this.guest.object(this.object.object);
  }

  index(name: string): number {
    return [...this.object.object.programs.keys()].indexOf(name);
  }

  attach(name: string, hook: number, fields: Fields = {}): number {
    const request = this.guest.block(112, { 4: hook, ...fields });
    return this.guest.call("link_attach", this.handle, this.index(name), request);
  }

  get count(): number {
    return this.object.get("count");
  }

  /** How often the program ran meanwhile. */
  counts(action: () => void): number {
    const before = this.count;
    action();
    return this.count - before;
  }

  closeFd(fd: number): number {
    return this.guest.context.fds.close(fd);
  }

  /** Says that an attached program runs, and that closing the link ends that. */
  checkRuns(link: number, times?: number): void {
    assert.ok(link >= 0, `attached: ${link}, ${this.guest.lines}`);
    const ran = this.counts(fire);
    assert.ok(times === undefined ? ran > 0 : ran === times, `ran ${ran} times`);
    assert.equal(this.closeFd(link), 0);
    assert.equal(this.counts(fire), 0, "detached");
  }
}
