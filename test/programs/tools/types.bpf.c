#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "types.h"

struct point origin = { .x = -5, .y = 3, .colour = GREEN, .name = "origin", .word = 0x01020304, .flag = 1 };

SEC("raw_tp/sys_enter")
int touch(void *ctx)
{
	return origin.x == 1;
}

/* The user-space half names the function. */
SEC("?fentry")
int on_function(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
