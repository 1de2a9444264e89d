// Probes at the start and the end of a function of the test's own program (test/vm/target.c).
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

__u64 entries;
__s64 last_argument;
__u64 exits;
__s64 last_result;

SEC("uprobe")
int BPF_KPROBE(on_uprobe, int argument) {
  __sync_fetch_and_add(&entries, 1);
  last_argument = argument;
  return 0;
}

SEC("uretprobe")
int BPF_KRETPROBE(on_uretprobe, int result) {
  __sync_fetch_and_add(&exits, 1);
  last_result = result;
  return 0;
}
