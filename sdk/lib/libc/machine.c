/* SPDX-License-Identifier: MIT */
/* What the kernel says about the machine. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sysinfo.h>

long __wasm_bpf_SYS_sysinfo(long at, long b, long c, long d, long e, long f)
{
	struct sysinfo *out = (struct sysinfo *)at;

	memset(out, 0, sizeof(*out));
	return wb_system_load(wb_address(out));
}

/* The kernel has told a guest nothing. */
unsigned long getauxval(unsigned long type)
{
	errno = ENOENT;
	return 0;
}
