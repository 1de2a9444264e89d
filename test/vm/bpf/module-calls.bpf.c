// Functions of a module that a program calls: the object is not loaded before the module is.
#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

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
