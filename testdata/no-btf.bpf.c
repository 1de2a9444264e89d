// Compiled without -g: no BTF, but global variables still work.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile int limit = 9;
volatile int seen;

static __attribute__((noinline)) int clamp(int x)
{
	return x > limit ? limit : x;
}

SEC("socket")
int entry(struct __sk_buff *skb)
{
	seen++;
	return clamp(skb->len);
}

char LICENSE[] SEC("license") = "GPL";
