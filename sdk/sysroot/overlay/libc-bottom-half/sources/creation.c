/* SPDX-License-Identifier: MIT */
/* Files and directories are made with the mode that was asked for, which WASI leaves out. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <wasi/libc.h>
#include <wasm-bpf/host.h>

/* The value of `call`, during which what is made gets `mode`. */
#define WITH_MODE(mode, call) \
	({ \
		__wasm_bpf_host_creation_mode((int)(mode)); \
		int result = (call); \
		__wasm_bpf_host_creation_mode(-1); \
		result; \
	})

/* The argument behind `flags`. */
#define MODE_AFTER(flags) \
	({ \
		va_list rest; \
		va_start(rest, flags); \
		mode_t mode = va_arg(rest, mode_t); \
		va_end(rest); \
		mode; \
	})

int open(const char *path, int flags, ...)
{
	if (!(flags & O_CREAT))
		return __wasilibc_open_nomode(path, flags);
	return WITH_MODE(MODE_AFTER(flags), __wasilibc_open_nomode(path, flags));
}

int openat(int fd, const char *path, int flags, ...)
{
	if (!(flags & O_CREAT))
		return __wasilibc_openat_nomode(fd, path, flags);
	return WITH_MODE(MODE_AFTER(flags), __wasilibc_openat_nomode(fd, path, flags));
}

int mkdir(const char *path, mode_t mode)
{
	return WITH_MODE(mode, __wasilibc_mkdir_nomode(path));
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	return WITH_MODE(mode, __wasilibc_mkdirat_nomode(fd, path));
}
