// What modules of the kernel have: functions to probe, functions to call, types.
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

struct bpf_ct_opts___12 {
  __s32 netns_id;
  __s32 error;
  __u8 l4proto;
  __u8 dir;
  __u8 reserved[2];
};
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *packet, struct bpf_sock_tuple *tuple, __u32 tuple_size,
                                         struct bpf_ct_opts___12 *options, __u32 options_size) __ksym;
extern void bpf_ct_release(struct nf_conn *connection) __ksym;

// Asks for a connection that there is not; returns the error of the function in nf_conntrack, as a positive number.
SEC("tc")
int connection(struct __sk_buff *packet) {
  struct bpf_ct_opts___12 options = {.netns_id = -1, .l4proto = 17};
  struct bpf_sock_tuple tuple = {};
  struct nf_conn *found = bpf_skb_ct_lookup(packet, &tuple, sizeof tuple.ipv4, &options, sizeof options);
  if (!found) return -options.error;
  bpf_ct_release(found);
  return 0;
}
