// Functions that call each other: global, static, weak, hidden, callbacks, recursion through a chain,
// several programs in one section.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, long);
} numbers SEC(".maps");

struct task_struct {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));

volatile int total;

static __attribute__((noinline)) int read_pid(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, pid);
}

static __attribute__((noinline)) int leaf(int x)
{
	total += x;
	return x * read_pid();
}

__attribute__((noinline)) int global_sum(int a, int b)
{
	return leaf(a) + b;
}

__weak __attribute__((noinline)) int weak_twice(int x)
{
	return 2 * x + total;
}

__hidden __attribute__((noinline)) int hidden_half(int x)
{
	return (unsigned)x / 2 + total;
}

struct bpf_map;

static long each(struct bpf_map *map, const void *key, void *value, void *ctx)
{
	total += *(long *)value;
	return 0;
}

SEC("raw_tp/sys_enter")
int first(void *ctx)
{
	return global_sum(1, 2) + weak_twice(3);
}

SEC("raw_tp/sys_enter")
int second(void *ctx)
{
	bpf_for_each_map_elem(&numbers, each, 0, 0);
	return hidden_half(leaf(4));
}

SEC("?raw_tp/sys_exit")
int third(void *ctx)
{
	return leaf(total);
}

char LICENSE[] SEC("license") = "GPL";
