/* SPDX-License-Identifier: MIT */
/* fcntl() with Linux's commands and flags, as far as WASI has them. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <wasi/api.h>

static int status_flags(const __wasi_fdstat_t *stat)
{
	bool reads = stat->fs_rights_base &
		     (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR);
	bool writes = stat->fs_rights_base & __WASI_RIGHTS_FD_WRITE;
	int flags = reads ? (writes ? O_RDWR : O_RDONLY) :
		    writes ? O_WRONLY : O_PATH;

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

int fcntl(int fd, int command, ...)
{
	__wasi_fdstat_t stat;
	__wasi_fdflags_t wanted = 0;
	__wasi_errno_t error;
	va_list arguments;
	int flags;

	if (command == F_GETFD || command == F_GETFL || command == F_SETFD ||
	    command == F_SETFL)
		error = __wasi_fd_fdstat_get(fd, &stat);
	else
		error = EINVAL;
	if (error) {
		errno = error;
		return -1;
	}
	/* Nothing is ever executed: every descriptor is closed on exec. */
	if (command == F_GETFD)
		return FD_CLOEXEC;
	if (command == F_SETFD)
		return 0;
	if (command == F_GETFL)
		return status_flags(&stat);

	va_start(arguments, command);
	flags = va_arg(arguments, int);
	va_end(arguments);
	if (flags & O_APPEND)
		wanted |= __WASI_FDFLAGS_APPEND;
	if (flags & O_NONBLOCK)
		wanted |= __WASI_FDFLAGS_NONBLOCK;
	wanted |= stat.fs_flags & (__WASI_FDFLAGS_SYNC | __WASI_FDFLAGS_DSYNC);
	error = __wasi_fd_fdstat_set_flags(fd, wanted);
	if (error) {
		errno = error;
		return -1;
	}
	return 0;
}
