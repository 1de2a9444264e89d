// An event for each file that is removed; test/vm/guest/unlink-events.c is its user-space half. One object for every kind
// of machine: CO-RE tells which registers there are, where BPF_KPROBE is decided by the compiler.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
  __u32 tgid;
  char path[60];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 64 * 1024);
} events SEC(".maps");

struct pt_regs___x86 {
  unsigned long si;
} __attribute__((preserve_access_index));
struct user_pt_regs___arm64 {
  __u64 regs[31];
} __attribute__((preserve_access_index));

static struct filename *second_argument(void *context) {
  struct user_pt_regs___arm64 *arm64 = context;
  struct pt_regs___x86 *x86 = context;
  if (bpf_core_field_exists(arm64->regs)) return (struct filename *)BPF_CORE_READ(arm64, regs[1]);
  return (struct filename *)BPF_CORE_READ(x86, si);
}

SEC("kprobe/do_unlinkat")
int on_unlink(void *context) {
  struct filename *name = second_argument(context);
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return 0;
  event->tgid = bpf_get_current_pid_tgid() >> 32;
  const char *path = BPF_CORE_READ(name, name);
  bpf_probe_read_kernel_str(event->path, sizeof(event->path), path);
  bpf_ringbuf_submit(event, 0);
  return 0;
}
