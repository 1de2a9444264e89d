/* SPDX-License-Identifier: MIT */
/* open() with Linux's flags. */
#include <errno.h>
#include <fcntl.h>
#include <wasi/api.h>
#include <wasi/libc-nocwd.h>

#define WRITE_RIGHTS \
	(__WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_WRITE | \
	 __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE)
#define READ_RIGHTS (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR)

int __wasilibc_nocwd_openat_nomode(int fd, const char *path, int flags)
{
	__wasi_rights_t rights = ~(__wasi_rights_t)(READ_RIGHTS | WRITE_RIGHTS);
	__wasi_lookupflags_t lookup = 0;
	__wasi_oflags_t create = 0;
	__wasi_fdflags_t status = 0;
	__wasi_fdstat_t directory;
	__wasi_errno_t error;
	__wasi_fd_t opened;

	if (!(flags & O_PATH)) {
		int mode = flags & (O_RDONLY | O_WRONLY | O_RDWR);

		if (mode == (O_WRONLY | O_RDWR)) {
			errno = EINVAL;
			return -1;
		}
		if (mode != O_WRONLY)
			rights |= READ_RIGHTS;
		if (mode != O_RDONLY)
			rights |= WRITE_RIGHTS;
	}
	if (!(flags & O_NOFOLLOW))
		lookup |= __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
	if (flags & O_CREAT)
		create |= __WASI_OFLAGS_CREAT;
	if (flags & O_EXCL)
		create |= __WASI_OFLAGS_EXCL;
	if (flags & O_TRUNC)
		create |= __WASI_OFLAGS_TRUNC;
	if (flags & O_DIRECTORY)
		create |= __WASI_OFLAGS_DIRECTORY;
	if (flags & O_APPEND)
		status |= __WASI_FDFLAGS_APPEND;
	if (flags & O_NONBLOCK)
		status |= __WASI_FDFLAGS_NONBLOCK;
	/* O_SYNC contains O_DSYNC. */
	if ((flags & O_SYNC) == O_SYNC)
		status |= __WASI_FDFLAGS_SYNC;
	else if (flags & O_DSYNC)
		status |= __WASI_FDFLAGS_DSYNC;

	error = __wasi_fd_fdstat_get(fd, &directory);
	if (!error)
		error = __wasi_path_open(fd, lookup, path, create,
					 rights & directory.fs_rights_inheriting,
					 directory.fs_rights_inheriting, status,
					 &opened);
	/* WASI opens a directory whatever was asked for. */
	if (!error && (flags & (O_WRONLY | O_RDWR)) && !(flags & O_PATH) &&
	    !__wasi_fd_fdstat_get((int)opened, &directory) &&
	    directory.fs_filetype == __WASI_FILETYPE_DIRECTORY) {
		__wasi_fd_close(opened);
		error = EISDIR;
	}
	if (error) {
		errno = error;
		return -1;
	}
	return (int)opened;
}
