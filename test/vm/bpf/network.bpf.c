// XDP and cgroup programs, and iterators over the kernel's own lists.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 xdp_packets;
__u64 xdp_bytes;
__u64 connects;

SEC("xdp")
int on_xdp(struct xdp_md *context) {
  __sync_fetch_and_add(&xdp_packets, 1);
  __sync_fetch_and_add(&xdp_bytes, context->data_end - context->data);
  return XDP_PASS;
}

// Refuses every connection of the control group to port 4242.
SEC("cgroup/connect4")
int on_connect(struct bpf_sock_addr *context) {
  __sync_fetch_and_add(&connects, 1);
  return context->user_port != __builtin_bswap16(4242);
}

SEC("iter/task")
int on_task(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;
  if (!task || task->pid != task->tgid) return 0;
  // The arguments of BPF_SEQ_PRINTF, written out.
  static const char format[] = "%d %s\n";
  __u64 values[2] = {task->tgid, (__u64)(long)task->comm};
  bpf_seq_printf(context->meta->seq, format, sizeof(format), values, sizeof(values));
  return 0;
}
