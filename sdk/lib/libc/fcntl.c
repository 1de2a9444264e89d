/* SPDX-License-Identifier: MIT */
/* fcntl() with Linux's commands and flags: numbers are the host's, the state of what is open is WASI's. */
#define _GNU_SOURCE
#include "companion.h"
#include "internal.h"
#include "signals.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <wasi/api.h>

static int status_flags(const __wasi_fdstat_t *stat)
{
	bool reads = stat->fs_rights_base & (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR);
	bool writes = stat->fs_rights_base & __WASI_RIGHTS_FD_WRITE;
	int flags = reads ? (writes ? O_RDWR : O_RDONLY) : writes ? O_WRONLY : O_PATH;

	if (stat->fs_flags & __WASI_FDFLAGS_APPEND)
		flags |= O_APPEND;
	if (stat->fs_flags & __WASI_FDFLAGS_NONBLOCK)
		flags |= O_NONBLOCK;
	if (stat->fs_flags & __WASI_FDFLAGS_SYNC)
		flags |= O_SYNC;
	if (stat->fs_flags & __WASI_FDFLAGS_DSYNC)
		flags |= O_DSYNC;
	return flags;
}

static long set_status_flags(int fd, int flags, const __wasi_fdstat_t *stat)
{
	__wasi_fdflags_t wanted = stat->fs_flags & (__WASI_FDFLAGS_SYNC | __WASI_FDFLAGS_DSYNC);

	if (flags & O_APPEND)
		wanted |= __WASI_FDFLAGS_APPEND;
	if (flags & O_NONBLOCK)
		wanted |= __WASI_FDFLAGS_NONBLOCK;
	return -__wasi_fd_fdstat_set_flags(fd, wanted);
}

/* Locks and pipes. */
static long control(int fd, int command, int argument)
{
	int result;

	do
		result = wb_fd_control(fd, command, argument);
	while (result == -EINTR && wb_signals_let_restart());
	return result;
}

long __wasm_bpf_SYS_fcntl(long fd, long command, long argument, long d, long e, long f)
{
	__wasi_fdstat_t stat;
	__wasi_errno_t error = __wasi_fd_fdstat_get((int)fd, &stat);

	if (error)
		return -error;
	switch (command) {
	case F_DUPFD:
		return wb_companion_dup((int)fd, (int)argument, WB_DUP_LOWEST, 0);
	case F_DUPFD_CLOEXEC:
		return wb_companion_dup((int)fd, (int)argument, WB_DUP_LOWEST, O_CLOEXEC);
	case F_GETFD:
		return wb_fd_flags((int)fd, -1);
	case F_SETFD:
		return wb_fd_flags((int)fd, (int)argument & FD_CLOEXEC) < 0 ? -EBADF : 0;
	case F_GETFL:
		return status_flags(&stat);
	case F_SETFL:
		return set_status_flags((int)fd, (int)argument, &stat);
	default:
		return control((int)fd, (int)command, (int)argument);
	}
}

/* NB: the argument may be of any type; of a longer one, the lower half is what is meant. */
int fcntl(int fd, int command, ...)
{
	va_list arguments;
	int argument;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return (int)__syscall_ret((unsigned long)__wasm_bpf_SYS_fcntl(fd, command, argument, 0, 0, 0));
}
