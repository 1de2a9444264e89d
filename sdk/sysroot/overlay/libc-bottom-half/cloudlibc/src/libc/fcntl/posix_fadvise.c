/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <wasi/api.h>

int posix_fadvise(int fd, off_t offset, off_t size, int advice)
{
	static const __wasi_advice_t advices[] = {
		[POSIX_FADV_NORMAL] = __WASI_ADVICE_NORMAL,
		[POSIX_FADV_RANDOM] = __WASI_ADVICE_RANDOM,
		[POSIX_FADV_SEQUENTIAL] = __WASI_ADVICE_SEQUENTIAL,
		[POSIX_FADV_WILLNEED] = __WASI_ADVICE_WILLNEED,
		[POSIX_FADV_DONTNEED] = __WASI_ADVICE_DONTNEED,
		[POSIX_FADV_NOREUSE] = __WASI_ADVICE_NOREUSE,
	};

	if (offset < 0 || size < 0 || advice < 0 ||
	    (size_t)advice >= sizeof(advices) / sizeof(advices[0]))
		return EINVAL;
	return __wasi_fd_advise(fd, (__wasi_filesize_t)offset,
				(__wasi_filesize_t)size, advices[advice]);
}
