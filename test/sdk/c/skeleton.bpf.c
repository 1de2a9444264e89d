/* Globals of every kind, two programs that attach and one that is run by hand. */
const volatile int answer = 1;
const volatile char label[8] = "before";
int scale = 3;
int counter;
long long big[1000];
int extra SEC(".data.extra") = 7;
const int constant SEC(".rodata.more") = 9;
extern int LINUX_KERNEL_VERSION __kconfig;
int kernel_version;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, int);
	__type(value, long long);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} a_map_with_a_long_name SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} per_cpu SEC(".maps");

SEC("socket")
int count(void *context)
{
	int key = 1;
	long long value = 5;

	counter += scale;
	big[999] = counter;
	extra++;
	kernel_version = LINUX_KERNEL_VERSION;
	bpf_map_update_elem(&counts, &key, &value, BPF_ANY);
	return answer + constant;
}

SEC("raw_tp/sched_process_exit")
int on_exit(void *context)
{
	return 0;
}

SEC("raw_tp/sched_switch")
int on_switch_with_a_long_name(void *context)
{
	return 0;
}

SEC("?kprobe")
int probe(void *context)
{
	bpf_map_lookup_elem(&a_map_with_a_long_name, &counter);
	bpf_map_lookup_elem(&per_cpu, &counter);
	return 0;
}
