/* NB: what sections mean is said by the program that opens this. */
int count;
const volatile int step = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} values SEC(".maps");

static __attribute__((noinline)) int add(int more)
{
	return __sync_fetch_and_add(&count, more);
}

SEC("abc")
int exact(void *ctx)
{
	return add(step);
}

SEC("abc/target")
int with_target(void *ctx)
{
	return 1;
}

SEC("abcd")
int longer(void *ctx)
{
	return 2;
}

SEC("alone")
int only_exact(void *ctx)
{
	return 3;
}

SEC("prefix/a/b")
int prefixed(void *ctx)
{
	int key = 0, *value = bpf_map_lookup_elem(&values, &key);

	return value && *value == 4;
}

SEC("?custom/off")
int off(void *ctx)
{
	return 5;
}

SEC("kprobe/do_nanosleep")
int shadowed(void *ctx)
{
	return 6;
}

SEC("socket")
int known(void *ctx)
{
	return 7;
}

SEC("odd")
int strange(void *ctx)
{
	return 8;
}

