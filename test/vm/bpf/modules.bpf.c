// What modules of the kernel have: functions to probe, types.
#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

__u64 fentries;
__u64 kprobes;

SEC("fentry/veth:veth_open")
int BPF_PROG(on_fentry) {
  __sync_fetch_and_add(&fentries, 1);
  return 0;
}

SEC("kprobe/veth_open")
int on_kprobe(void *context) {
  __sync_fetch_and_add(&kprobes, 1);
  return 0;
}

struct veth_priv___module {
  struct net_device *peer;
} __attribute__((preserve_access_index));
struct veth_priv___wrong {
  int no_such_member;
} __attribute__((preserve_access_index));
struct no_such_type {
  int member;
} __attribute__((preserve_access_index));

// One bit for each: the type, its member, a member that it lacks, a type that no module has.
SEC("tc")
int types(struct __sk_buff *packet) {
  return bpf_core_type_exists(struct veth_priv___module) | bpf_core_field_exists(struct veth_priv___module, peer) << 1 |
         bpf_core_field_exists(struct veth_priv___wrong, no_such_member) << 2 | bpf_core_type_exists(struct no_such_type) << 3;
}
