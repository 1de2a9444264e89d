/* The kernel half: counts the programs that are started. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* Many helpers of the kernel are for GPL programs only. */
char LICENSE[] SEC("license") = "GPL";

/* Set by NAME.c before load: only programs of this user, or all for -1. */
const volatile int only_uid = -1;

/* Read by NAME.c. */
unsigned long long started = 0;

SEC("tp/sched/sched_process_exec")
int count_exec(void *ctx)
{
	int uid = bpf_get_current_uid_gid();

	if (only_uid < 0 || uid == only_uid)
		__sync_fetch_and_add(&started, 1);
	return 0;
}
