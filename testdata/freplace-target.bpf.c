// A program with a function that another program can replace.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int replaceable(int x)
{
	asm volatile("" : "+r"(x));
	return x + 1;
}

SEC("socket")
int entry(struct __sk_buff *skb)
{
	return replaceable(skb->len);
}

char LICENSE[] SEC("license") = "GPL";
