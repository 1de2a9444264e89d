// Global variables in every kind of section, with the visibilities that change how they are treated.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	int first;
	long long second;
};

const volatile int min_level = 3;
const volatile char greeting[8] = "hello";
volatile int counter;
struct pair last_pair = { .first = 1, .second = 2 };
static volatile int hidden_count;
__attribute__((visibility("hidden"))) volatile int internal_count = 5;
__weak volatile int weak_count = 6;
volatile long long custom SEC(".data.custom") = 7;
static volatile int private_only SEC(".data.private") = 8;

SEC("raw_tp/sys_enter")
int count(void *ctx)
{
	static volatile int calls;

	calls++;
	if (calls < min_level || greeting[1] == 'x')
		return 0;
	counter += internal_count + weak_count;
	hidden_count++;
	private_only++;
	last_pair.second += custom;
	return hidden_count;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
int VERSION SEC("version") = 0x060c00;
