/* SPDX-License-Identifier: MIT */
/* Limits of resources: the host's process's, where that makes sense. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <sys/resource.h>

long __wasm_bpf_SYS_prlimit64(long pid, long resource, long new, long old, long e, long f)
{
	if (pid && pid != wb_system_info(WB_INFO_PID))
		return -EPERM;
	return wb_system_limit((int)resource, (uint32_t)new, (uint32_t)old);
}

int setrlimit(int resource, const struct rlimit *limit)
{
	return (int)__syscall_ret((unsigned long)wb_system_limit(resource, wb_address(limit), 0));
}
