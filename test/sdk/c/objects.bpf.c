/* Maps in maps, pinned maps, globals that are made larger, and values of the kernel's configuration. */
#include <stdbool.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} first_inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, int);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { &first_inner },
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, int);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} kept SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, int);
	__type(value, long long);
} mapped SEC(".maps");

extern bool CONFIG_SDK_TEST __kconfig __weak;
extern int CONFIG_SDK_NUMBER __kconfig __weak;

int first = 1;
int sized[1] SEC(".data.sized");
int sum;
int option;
int number;

SEC("socket")
int add(void *context)
{
	int key = 0, value = 21;
	void *map = bpf_map_lookup_elem(&outer, &key);

	sum += first + sized[0];
	if (map)
		bpf_map_update_elem(map, &key, &value, 0);
	bpf_map_update_elem(&kept, &key, &value, 0);
	option = CONFIG_SDK_TEST;
	number = CONFIG_SDK_NUMBER;
	bpf_ringbuf_output(&ring, &value, sizeof(value), 0);
	bpf_map_lookup_elem(&mapped, &key);
	return 5;
}

/* Only for an object whose `sized` was made larger. */
SEC("?socket")
int add_all(void *context)
{
	int *at = sized;

	asm volatile("" : "+r"(at));
	for (int i = 0; i < 16; i++)
		sum += at[i];
	return 6;
}
