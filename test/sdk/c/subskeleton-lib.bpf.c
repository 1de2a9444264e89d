/* The library's part of an object. */
int lib_counter;
const volatile int lib_option = 1;
int lib_extra SEC(".data.lib") = 5;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} lib_map SEC(".maps");

__noinline int lib_add(int number)
{
	int key = 0;

	lib_counter += number * lib_option;
	lib_extra++;
	bpf_map_lookup_elem(&lib_map, &key);
	return lib_counter;
}
