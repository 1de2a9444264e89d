// One of two files that are linked into one object: it uses what the other defines and overrides a weak function.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int library_sum(int a, int b);
extern int library_calls;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} shared SEC(".maps");

/* Wins over the weak one of the library, whose code stays in .text without a symbol. */
__noinline int pick(int x)
{
	return x * 2 + library_calls;
}

static __noinline int local(int x)
{
	return x + 1;
}

SEC("socket")
int main_program(struct __sk_buff *skb)
{
	return local(library_sum(pick(3), 4));
}

char LICENSE[] SEC("license") = "GPL";
