/* SPDX-License-Identifier: MIT */
/* What WASI does not know about files: modes, owners, blocks. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/libc-find-relpath.h>

#define FOLLOW 1u

_Static_assert(sizeof(struct stat) == 144, "struct stat of x86-64");

static int finish(int result)
{
	if (result >= 0)
		return 0;
	errno = -result;
	return -1;
}

int fstat(int fd, struct stat *out)
{
	return finish(wb_system_stat(fd, 0, 0, wb_address(out)));
}

/* Of a path below the directory `fd`. What stat(), lstat() and fstatat() end in. */
int __wasilibc_nocwd_fstatat(int fd, const char *restrict path, struct stat *restrict out,
			     int flags)
{
	uint32_t follow = flags & AT_SYMLINK_NOFOLLOW ? 0 : FOLLOW;

	return finish(wb_system_stat(fd, wb_address(path), follow, wb_address(out)));
}

/*
 * What access(), faccessat() and euidaccess() end in. What the host's user may do, less what the guest may not: write
 * where it may only read.
 */
int __wasilibc_nocwd_faccessat(int fd, const char *path, int wanted, int flags)
{
	uint32_t follow = flags & AT_SYMLINK_NOFOLLOW ? 0 : FOLLOW;

	if (wanted & ~(R_OK | W_OK | X_OK) || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW))
		return finish(-EINVAL);
	return finish(wb_system_access(fd, wb_address(path), wanted, follow));
}

int fchmod(int fd, mode_t mode)
{
	return finish(wb_system_chmod(fd, 0, 0, mode));
}

int fchmodat(int fd, const char *path, mode_t mode, int flags)
{
	uint32_t follow = flags & AT_SYMLINK_NOFOLLOW ? 0 : FOLLOW;
	char relative[4096], *relative_at = relative;
	const char *prefix;

	if (fd != AT_FDCWD && *path != '/')
		return finish(wb_system_chmod(fd, wb_address(path), follow, mode));
	fd = __wasilibc_find_relpath(path, &prefix, &relative_at, sizeof(relative));
	if (fd < 0)
		return -1;
	return finish(wb_system_chmod(fd, wb_address(relative_at), follow, mode));
}

int chmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, 0);
}
