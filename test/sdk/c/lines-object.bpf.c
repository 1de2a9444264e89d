/* What libbpf has something to say about: subprograms, CO-RE, externs, maps of many kinds, what is left out. */
struct task_struct___sdk {
	int pid;
	int no_such_member;
} __attribute__((preserve_access_index));

struct no_such_struct {
	int member;
} __attribute__((preserve_access_index));

extern const int no_such_variable __ksym __weak;
extern void no_such_function(void) __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_SDK_NUMBER __kconfig __weak;
extern int LINUX_NO_SUCH_THING __kconfig __weak;
extern _Bool CONFIG_NO_SUCH_THING __kconfig __weak;

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} first SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, int);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &first } };

int tail(void *context);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__uint(key_size, 4);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [2] = (void *)&tail } };

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, long);
} left_out SEC(".maps");

const volatile int wanted = 0;
long sum;
int marked SEC(".data.marked") = 1;
char odd[] SEC("oddments") = "odd";

static __attribute__((noinline)) long deepest(long number)
{
	return number * sum + marked;
}

__attribute__((noinline)) int deeper(int number)
{
	return deepest(number) + deepest(number + 1);
}

SEC("socket")
int tail(void *context)
{
	return deeper(LINUX_KERNEL_VERSION);
}

SEC("?socket")
int skipped(void *context)
{
	return 0;
}

SEC("raw_tp/sched_switch")
int main_program(void *context)
{
	struct task_struct___sdk *task = (void *)bpf_get_current_task();
	int key = 0;

	if (bpf_core_field_exists(task->no_such_member))
		sum += BPF_CORE_READ(task, no_such_member);
	if (bpf_core_type_exists(struct no_such_struct))
		sum += bpf_core_type_size(struct no_such_struct);
	if (&no_such_variable)
		sum += no_such_variable;
	if (wanted) {
		bpf_map_lookup_elem(&left_out, &key);
		no_such_function();
	}
	return deeper(BPF_CORE_READ(task, pid)) + CONFIG_SDK_NUMBER + LINUX_NO_SUCH_THING + CONFIG_NO_SUCH_THING;
}

SEC("?strange/section")
int strange(void *context)
{
	return 0;
}
