/* SPDX-License-Identifier: MIT */
/* open() and mkdir() with Linux's flags, and with the permission bits that WASI's have not got. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <wasi/libc-find-relpath.h>
#include <wasi/libc-nocwd.h>
#include <wasi/libc.h>

#define LONGEST_PATH 4096

static mode_t mask;
static int mask_known;

/* The one that the host's process was started with, as a native program's would be. */
static mode_t current_mask(void)
{
	int of_host = mask_known ? 0 : wb_system_info(WB_INFO_UMASK);

	if (!mask_known)
		mask = of_host < 0 ? 022 : (mode_t)of_host;
	mask_known = 1;
	return mask;
}

mode_t umask(mode_t new)
{
	mode_t before = current_mask();

	mask = new & 0777;
	return before;
}

static int finish(int result)
{
	return (int)__syscall_ret((unsigned long)(long)result);
}

/* Whether a file may be made, so that there is a mode. */
#define MAKES(flags) ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE)

static int open_in(int fd, const char *path, int flags, mode_t mode)
{
	mode = MAKES(flags) ? mode & ~current_mask() : 0;
	return finish(wb_system_open(fd, wb_address(path), flags, mode));
}

static int open_at(int fd, const char *path, int flags, mode_t mode)
{
	char buffer[LONGEST_PATH], *relative = buffer;
	const char *prefix;

	if (fd != AT_FDCWD && *path != '/')
		return open_in(fd, path, flags, mode);
	fd = __wasilibc_find_relpath(path, &prefix, &relative, sizeof(buffer));
	return fd < 0 ? -1 : open_in(fd, relative, flags, mode);
}

#define MODE(flags) \
	({ \
		mode_t given = 0; \
		if (MAKES(flags)) { \
			va_list arguments; \
			va_start(arguments, flags); \
			given = va_arg(arguments, mode_t); \
			va_end(arguments); \
		} \
		given; \
	})

int open(const char *path, int flags, ...)
{
	return open_at(AT_FDCWD, path, flags, MODE(flags));
}

int openat(int fd, const char *path, int flags, ...)
{
	return open_at(fd, path, flags, MODE(flags));
}

/* What the C library calls: fopen(), opendir() and others. */
int __wasilibc_open_nomode(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0666);
}

int __wasilibc_openat_nomode(int fd, const char *path, int flags)
{
	return open_at(fd, path, flags, 0666);
}

int __wasilibc_nocwd_openat_nomode(int fd, const char *path, int flags)
{
	return open_in(fd, path, flags, 0666);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	char buffer[LONGEST_PATH], *relative = buffer;
	const char *prefix;

	if (fd == AT_FDCWD || *path == '/') {
		fd = __wasilibc_find_relpath(path, &prefix, &relative, sizeof(buffer));
		path = relative;
	}
	if (fd < 0)
		return -1;
	return finish(wb_system_mkdir(fd, wb_address(path), mode & ~current_mask()));
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

long __wasm_bpf_SYS_open(long path, long flags, long mode, long d, long e, long f)
{
	int fd = open_at(AT_FDCWD, (const char *)path, (int)flags, (mode_t)mode);

	return fd < 0 ? -errno : fd;
}

long __wasm_bpf_SYS_openat(long directory, long path, long flags, long mode, long e, long f)
{
	int fd = open_at((int)directory, (const char *)path, (int)flags, (mode_t)mode);

	return fd < 0 ? -errno : fd;
}
