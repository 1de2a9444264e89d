/* SPDX-License-Identifier: MIT */
/* Hearing of changes of files. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <wasi/libc-find-relpath.h>

long __wasm_bpf_SYS_inotify_init1(long flags, long b, long c, long d, long e, long f)
{
	return wb_fd_inotify((int)flags);
}

long __wasm_bpf_SYS_inotify_add_watch(long fd, long path, long mask, long d, long e, long f)
{
	char buffer[4096], *relative = buffer;
	const char *prefix;
	int directory;

	directory = __wasilibc_find_relpath((const char *)path, &prefix, &relative, sizeof(buffer));
	if (directory < 0)
		return -errno;
	return wb_fd_inotify_add((int)fd, directory, wb_address(relative), (uint32_t)mask);
}

long __wasm_bpf_SYS_inotify_rm_watch(long fd, long watch, long c, long d, long e, long f)
{
	return wb_fd_inotify_remove((int)fd, (int)watch);
}
