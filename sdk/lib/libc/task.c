/* SPDX-License-Identifier: MIT */
/* The name of the only thread, and where it runs: those of the host's. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <string.h>
#include <sys/prctl.h>

#define NAME_BYTES 16

long __wasm_bpf_SYS_prctl(long option, long argument, long c, long d, long e, long f)
{
	char name[NAME_BYTES] = "";

	switch (option) {
	case PR_SET_NAME:
		strncpy(name, (const char *)argument, NAME_BYTES - 1);
		return wb_system_name(wb_address(name), 1);
	case PR_GET_NAME:
		return wb_system_name((uint32_t)argument, 0);
	default:
		return -EINVAL;
	}
}

static long affinity(long pid, long size, long set, int sets)
{
	if (pid && pid != wb_system_info(WB_INFO_PID))
		return -EPERM;
	return wb_system_affinity((uint32_t)set, (uint32_t)size, sets);
}

long __wasm_bpf_SYS_sched_setaffinity(long pid, long size, long set, long d, long e, long f)
{
	return affinity(pid, size, set, 1);
}

long __wasm_bpf_SYS_sched_getaffinity(long pid, long size, long set, long d, long e, long f)
{
	return affinity(pid, size, set, 0);
}

long __wasm_bpf_SYS_getcpu(long cpu, long node, long c, long d, long e, long f)
{
	int number = wb_system_info(WB_INFO_CPU);

	if (number < 0)
		return number;
	if (cpu)
		*(unsigned *)cpu = (unsigned)number;
	if (node)
		*(unsigned *)node = 0;
	return 0;
}
