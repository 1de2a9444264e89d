// A static function in the section of the program that calls it, without a relocation.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile int total;

SEC("socket")
static __attribute__((noinline)) int helper(int x)
{
	return x * 3 + total;
}

SEC("socket")
int main_program(struct __sk_buff *skb)
{
	return helper(skb->len);
}

char LICENSE[] SEC("license") = "GPL";
