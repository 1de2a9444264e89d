// Global functions, which the verifier checks on their own: arguments of every kind, tagged ones, weak and hidden
// functions, called from programs in several sections.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#if __has_attribute(btf_decl_tag)
#define TAG(text) __attribute__((btf_decl_tag(text)))
#else
#define TAG(text)
#endif
#define __arg_ctx TAG("arg:ctx")
#define __arg_nonnull TAG("arg:nonnull")

struct pair {
	int first, second;
};

volatile int total;

__noinline int by_value(int a, long b, char c)
{
	return a + b * c + total;
}

__noinline int by_pointer(struct pair *pair)
{
	return pair ? pair->first + pair->second : -1;
}

/* A pointer that is never NULL needs no check. */
__noinline int not_null(struct pair *pair __arg_nonnull)
{
	return pair->first * pair->second;
}

__noinline int with_context(void *ctx __arg_ctx, int add)
{
	struct __sk_buff *skb = ctx;

	total += skb->len;
	return total + add;
}

__weak __noinline int weak_one(int x)
{
	return x + 100 + total;
}

__weak __hidden __noinline int weak_hidden(int x)
{
	return x + 200 + total;
}

static __noinline int local_one(int x)
{
	return by_value(x, 2, 3);
}

SEC("socket")
int first(struct __sk_buff *skb)
{
	struct pair pair = { 3, 4 };

	total = 0;
	return by_value(1, 2, 3) + by_pointer(&pair) + not_null(&pair) + weak_one(1);
}

SEC("socket")
int second(struct __sk_buff *skb)
{
	total = 0;
	return with_context(skb, 5) + weak_hidden(local_one(1));
}

SEC("tc")
int third(struct __sk_buff *skb)
{
	total = 0;
	return local_one(7) + weak_one(2);
}

char LICENSE[] SEC("license") = "GPL";
