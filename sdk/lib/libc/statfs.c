/* SPDX-License-Identifier: MIT */
/* File systems: statfs(), and statvfs() that the C library makes of it. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <sys/statfs.h>
#include <wasi/libc-find-relpath.h>

_Static_assert(sizeof(struct statfs) == 120, "struct statfs of x86-64");

long __wasm_bpf_SYS_statfs(long path, long out, long c, long d, long e, long f)
{
	char buffer[4096], *relative = buffer;
	const char *prefix;
	int directory;

	directory = __wasilibc_find_relpath((const char *)path, &prefix, &relative, sizeof(buffer));
	if (directory < 0)
		return -errno;
	return wb_system_statfs(directory, wb_address(relative), (uint32_t)out);
}

long __wasm_bpf_SYS_fstatfs(long fd, long out, long c, long d, long e, long f)
{
	return wb_system_statfs((int)fd, 0, (uint32_t)out);
}
