int count;

static __attribute__((noinline)) int add(int more)
{
	return __sync_fetch_and_add(&count, more);
}

SEC("raw_tp")
int raw(void *ctx)
{
	add(1);
	return 0;
}

/* NB: programs of this type have to be loaded as ones that may sleep. */
SEC("syscall")
int call(void *ctx)
{
	return add(10) + 1;
}

SEC("iter.s/task")
int tasks(void *ctx)
{
	return 0;
}

SEC("xdp.frags")
int frags(void *ctx)
{
	return 2;
}

SEC("?cgroup_skb/egress")
int left_out(void *ctx)
{
	return 1;
}

SEC("own/section")
int own(void *ctx)
{
	return 5;
}
