// Fills a ring buffer with 128-byte records until there is no room left. Run with BPF_PROG_TEST_RUN.
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct record {
  __u64 number;
  __u64 payload[15];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 20);
} records SEC(".maps");

__u64 next_number;

static long add(__u32 index, void *unused) {
  struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
  if (!record) return 1;
  record->number = next_number++;
  for (int i = 0; i < 15; i++) record->payload[i] = index;
  bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
  return 0;
}

// The name is what the benchmark finds the program by.
SEC("socket")
int fill(struct __sk_buff *context) {
  return bpf_loop(1 << 20, add, 0, 0) > 0;
}
