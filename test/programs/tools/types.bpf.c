#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "types.h"

struct point origin = { .x = -5, .y = 3, .colour = GREEN, .name = "origin", .word = 0x01020304, .flag = 1 };

SEC("raw_tp/sys_enter")
int touch(void *ctx)
{
	return origin.x == 1;
}

char LICENSE[] SEC("license") = "GPL";
