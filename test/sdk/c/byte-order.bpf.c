struct pair { int a, b; };
enum colour { RED, BLUE = -2 };

struct pair values;
enum colour colour;

static __attribute__((noinline)) int add(struct pair *to, int more)
{
	return __sync_fetch_and_add(&to->a, more);
}

SEC("raw_tp")
int program(void *ctx)
{
	return add(&values, colour);
}
