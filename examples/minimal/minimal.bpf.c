/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Set by the guest before load: count only this process, or all for 0. */
const volatile int only_pid = 0;

/* Read by the guest. */
unsigned long long writes = 0;

SEC("tp/syscalls/sys_enter_write")
int count_write(void *ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;

	if (!only_pid || pid == only_pid)
		__sync_fetch_and_add(&writes, 1);
	return 0;
}
