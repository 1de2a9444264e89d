// Replaces a function of freplace-target.bpf.c.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("freplace/replaceable")
int replacement(int x)
{
	return x + 100;
}

char LICENSE[] SEC("license") = "GPL";
