/* SPDX-License-Identifier: MIT */
/*
 * WASI's calls, from LP64 C to the 32-bit interface of the host.
 *
 * A guest's memory never exceeds 4 GiB, so every pointer and size fits the
 * i32 parameters of WASI. What differs in memory is translated here: arrays
 * of buffers, arrays of pointers to strings, and sizes that the host writes.
 * Error numbers become Linux's, also those inside of events.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wasi/api.h>

#define IMPORT(name) \
	__attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

/* More buffers than this are left to the caller's next call. */
#define MAX_BUFFERS 16

typedef int32_t i32;
typedef int64_t i64;

struct buffer32 {
	uint32_t address;
	uint32_t size;
};

/* What the numbers of WASI, which are in alphabetical order, mean on Linux. */
static const unsigned char linux_errno[] = {
	0, E2BIG, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,
	EALREADY, EBADF, EBADMSG, EBUSY, ECANCELED, ECHILD, ECONNABORTED,
	ECONNREFUSED, ECONNRESET, EDEADLK, EDESTADDRREQ, EDOM, EDQUOT, EEXIST,
	EFAULT, EFBIG, EHOSTUNREACH, EIDRM, EILSEQ, EINPROGRESS, EINTR, EINVAL,
	EIO, EISCONN, EISDIR, ELOOP, EMFILE, EMLINK, EMSGSIZE, EMULTIHOP,
	ENAMETOOLONG, ENETDOWN, ENETRESET, ENETUNREACH, ENFILE, ENOBUFS, ENODEV,
	ENOENT, ENOEXEC, ENOLCK, ENOLINK, ENOMEM, ENOMSG, ENOPROTOOPT, ENOSPC,
	ENOSYS, ENOTCONN, ENOTDIR, ENOTEMPTY, ENOTRECOVERABLE, ENOTSOCK,
	ENOTSUP, ENOTTY, ENXIO, EOVERFLOW, EOWNERDEAD, EPERM, EPIPE, EPROTO,
	EPROTONOSUPPORT, EPROTOTYPE, ERANGE, EROFS, ESPIPE, ESRCH, ESTALE,
	ETIMEDOUT, ETXTBSY, EXDEV, ENOTCAPABLE,
};

/* In the guest library's signal.c, which is there when the program handles signals. */
__attribute__((weak)) void __wasm_bpf_run_signal_handlers(void);
__attribute__((weak)) int __wasm_bpf_signals_let_restart(void);
extern volatile uint32_t __wasm_bpf_signals_pending __attribute__((weak));

static __wasi_errno_t number_of(i32 number)
{
	uint16_t error = (uint16_t)number;

	return error < sizeof(linux_errno) ? linux_errno[error] : EIO;
}

static __wasi_errno_t to_linux(i32 number)
{
	__wasi_errno_t error = number_of(number);

	if (__wasm_bpf_run_signal_handlers &&
	    (error == EINTR || __wasm_bpf_signals_pending))
		__wasm_bpf_run_signal_handlers();
	return error;
}

/* For calls that are made again when a signal's handler was set with SA_RESTART. */
static bool goes_on(i32 number)
{
	return number_of(number) == EINTR &&
	       (!__wasm_bpf_signals_let_restart || __wasm_bpf_signals_let_restart());
}

static i32 at(const void *pointer)
{
	return (i32)(uintptr_t)pointer;
}

static i32 length(const char *string)
{
	return (i32)strlen(string);
}

static i32 buffer_count(size_t count)
{
	return count < MAX_BUFFERS ? (i32)count : MAX_BUFFERS;
}

/* __wasi_iovec_t and __wasi_ciovec_t differ in a const only. */
static i32 shrink(struct buffer32 *to, const void *from, size_t count)
{
	const __wasi_ciovec_t *buffers = from;

	for (i32 i = 0; i < buffer_count(count); i++) {
		to[i].address = (uint32_t)(uintptr_t)buffers[i].buf;
		to[i].size = (uint32_t)buffers[i].buf_len;
	}
	return at(to);
}

/* The host has put `count` 32-bit addresses where 64-bit pointers belong. */
static void widen(uint8_t **pointers, uint32_t count)
{
	while (count-- > 0) {
		uint32_t address;

		memcpy(&address, (char *)pointers + count * sizeof(address),
		       sizeof(address));
		pointers[count] = (uint8_t *)(uintptr_t)address;
	}
}

#define RETURN_SIZE(out, call) \
	do { \
		uint32_t size = 0; \
		i32 error; \
		do \
			error = call; \
		while (goes_on(error)); \
		*(out) = size; \
		return number_of(error) == EINTR ? EINTR : to_linux(error); \
	} while (0)

/* ---- Arguments and environment ---- */

IMPORT(args_get) i32 host_args_get(i32, i32);
IMPORT(args_sizes_get) i32 host_args_sizes_get(i32, i32);
IMPORT(environ_get) i32 host_environ_get(i32, i32);
IMPORT(environ_sizes_get) i32 host_environ_sizes_get(i32, i32);

static __wasi_errno_t get_sizes(i32 (*get)(i32, i32), size_t *count, size_t *size)
{
	uint32_t sizes[2] = { 0, 0 };
	i32 error = get(at(&sizes[0]), at(&sizes[1]));

	*count = sizes[0];
	*size = sizes[1];
	return to_linux(error);
}

__wasi_errno_t __wasi_args_sizes_get(size_t *count, size_t *size)
{
	return get_sizes(host_args_sizes_get, count, size);
}

__wasi_errno_t __wasi_args_get(uint8_t **argv, uint8_t *strings)
{
	size_t count, size;
	__wasi_errno_t error = __wasi_args_sizes_get(&count, &size);

	if (!error)
		error = to_linux(host_args_get(at(argv), at(strings)));
	if (!error)
		widen(argv, (uint32_t)count);
	return error;
}

__wasi_errno_t __wasi_environ_sizes_get(size_t *count, size_t *size)
{
	return get_sizes(host_environ_sizes_get, count, size);
}

__wasi_errno_t __wasi_environ_get(uint8_t **environment, uint8_t *strings)
{
	size_t count, size;
	__wasi_errno_t error = __wasi_environ_sizes_get(&count, &size);

	if (!error)
		error = to_linux(host_environ_get(at(environment), at(strings)));
	if (!error)
		widen(environment, (uint32_t)count);
	return error;
}

/* ---- Clocks, random numbers, the process ---- */

IMPORT(clock_res_get) i32 host_clock_res_get(i32, i32);
IMPORT(clock_time_get) i32 host_clock_time_get(i32, i64, i32);
IMPORT(poll_oneoff) i32 host_poll_oneoff(i32, i32, i32, i32);
IMPORT(proc_exit) _Noreturn void host_proc_exit(i32);
IMPORT(sched_yield) i32 host_sched_yield(void);
IMPORT(random_get) i32 host_random_get(i32, i32);

__wasi_errno_t __wasi_clock_res_get(__wasi_clockid_t id, __wasi_timestamp_t *out)
{
	return to_linux(host_clock_res_get((i32)id, at(out)));
}

__wasi_errno_t __wasi_clock_time_get(__wasi_clockid_t id,
				     __wasi_timestamp_t precision,
				     __wasi_timestamp_t *out)
{
	return to_linux(host_clock_time_get((i32)id, (i64)precision, at(out)));
}

__wasi_errno_t __wasi_poll_oneoff(const __wasi_subscription_t *in,
				  __wasi_event_t *out, __wasi_size_t subscriptions,
				  size_t *events)
{
	uint32_t count = 0;
	i32 error = host_poll_oneoff(at(in), at(out), (i32)subscriptions,
				     at(&count));

	for (uint32_t i = 0; !error && i < count; i++) {
		out[i].error = number_of(out[i].error);
		if (out[i].error == EINTR && __wasm_bpf_run_signal_handlers)
			__wasm_bpf_run_signal_handlers();
	}
	*events = count;
	return to_linux(error);
}

_Noreturn void __wasi_proc_exit(__wasi_exitcode_t status)
{
	host_proc_exit((i32)status);
}

__wasi_errno_t __wasi_sched_yield(void)
{
	return to_linux(host_sched_yield());
}

__wasi_errno_t __wasi_random_get(uint8_t *buffer, __wasi_size_t size)
{
	return to_linux(host_random_get(at(buffer), (i32)size));
}

/* ---- Descriptors ---- */

IMPORT(fd_advise) i32 host_fd_advise(i32, i64, i64, i32);
IMPORT(fd_allocate) i32 host_fd_allocate(i32, i64, i64);
IMPORT(fd_close) i32 host_fd_close(i32);
IMPORT(fd_datasync) i32 host_fd_datasync(i32);
IMPORT(fd_fdstat_get) i32 host_fd_fdstat_get(i32, i32);
IMPORT(fd_fdstat_set_flags) i32 host_fd_fdstat_set_flags(i32, i32);
IMPORT(fd_fdstat_set_rights) i32 host_fd_fdstat_set_rights(i32, i64, i64);
IMPORT(fd_filestat_get) i32 host_fd_filestat_get(i32, i32);
IMPORT(fd_filestat_set_size) i32 host_fd_filestat_set_size(i32, i64);
IMPORT(fd_filestat_set_times) i32 host_fd_filestat_set_times(i32, i64, i64, i32);
IMPORT(fd_pread) i32 host_fd_pread(i32, i32, i32, i64, i32);
IMPORT(fd_prestat_get) i32 host_fd_prestat_get(i32, i32);
IMPORT(fd_prestat_dir_name) i32 host_fd_prestat_dir_name(i32, i32, i32);
IMPORT(fd_pwrite) i32 host_fd_pwrite(i32, i32, i32, i64, i32);
IMPORT(fd_read) i32 host_fd_read(i32, i32, i32, i32);
IMPORT(fd_readdir) i32 host_fd_readdir(i32, i32, i32, i64, i32);
IMPORT(fd_renumber) i32 host_fd_renumber(i32, i32);
IMPORT(fd_seek) i32 host_fd_seek(i32, i64, i32, i32);
IMPORT(fd_sync) i32 host_fd_sync(i32);
IMPORT(fd_tell) i32 host_fd_tell(i32, i32);
IMPORT(fd_write) i32 host_fd_write(i32, i32, i32, i32);

__wasi_errno_t __wasi_fd_advise(__wasi_fd_t fd, __wasi_filesize_t offset,
				__wasi_filesize_t size, __wasi_advice_t advice)
{
	return to_linux(host_fd_advise(fd, (i64)offset, (i64)size, advice));
}

__wasi_errno_t __wasi_fd_allocate(__wasi_fd_t fd, __wasi_filesize_t offset,
				  __wasi_filesize_t size)
{
	return to_linux(host_fd_allocate(fd, (i64)offset, (i64)size));
}

__wasi_errno_t __wasi_fd_close(__wasi_fd_t fd)
{
	return to_linux(host_fd_close(fd));
}

__wasi_errno_t __wasi_fd_datasync(__wasi_fd_t fd)
{
	return to_linux(host_fd_datasync(fd));
}

__wasi_errno_t __wasi_fd_fdstat_get(__wasi_fd_t fd, __wasi_fdstat_t *out)
{
	return to_linux(host_fd_fdstat_get(fd, at(out)));
}

__wasi_errno_t __wasi_fd_fdstat_set_flags(__wasi_fd_t fd, __wasi_fdflags_t flags)
{
	return to_linux(host_fd_fdstat_set_flags(fd, flags));
}

__wasi_errno_t __wasi_fd_fdstat_set_rights(__wasi_fd_t fd, __wasi_rights_t base,
					   __wasi_rights_t inheriting)
{
	return to_linux(host_fd_fdstat_set_rights(fd, (i64)base, (i64)inheriting));
}

__wasi_errno_t __wasi_fd_filestat_get(__wasi_fd_t fd, __wasi_filestat_t *out)
{
	return to_linux(host_fd_filestat_get(fd, at(out)));
}

__wasi_errno_t __wasi_fd_filestat_set_size(__wasi_fd_t fd, __wasi_filesize_t size)
{
	return to_linux(host_fd_filestat_set_size(fd, (i64)size));
}

__wasi_errno_t __wasi_fd_filestat_set_times(__wasi_fd_t fd,
					    __wasi_timestamp_t accessed,
					    __wasi_timestamp_t modified,
					    __wasi_fstflags_t flags)
{
	return to_linux(host_fd_filestat_set_times(fd, (i64)accessed,
						   (i64)modified, flags));
}

__wasi_errno_t __wasi_fd_pread(__wasi_fd_t fd, const __wasi_iovec_t *buffers,
			       size_t count, __wasi_filesize_t offset, size_t *out)
{
	struct buffer32 small[MAX_BUFFERS];

	RETURN_SIZE(out, host_fd_pread(fd, shrink(small, buffers, count),
				       buffer_count(count), (i64)offset, at(&size)));
}

__wasi_errno_t __wasi_fd_prestat_get(__wasi_fd_t fd, __wasi_prestat_t *out)
{
	return to_linux(host_fd_prestat_get(fd, at(out)));
}

__wasi_errno_t __wasi_fd_prestat_dir_name(__wasi_fd_t fd, uint8_t *path,
					  __wasi_size_t size)
{
	return to_linux(host_fd_prestat_dir_name(fd, at(path), (i32)size));
}

__wasi_errno_t __wasi_fd_pwrite(__wasi_fd_t fd, const __wasi_ciovec_t *buffers,
				size_t count, __wasi_filesize_t offset, size_t *out)
{
	struct buffer32 small[MAX_BUFFERS];

	RETURN_SIZE(out, host_fd_pwrite(fd, shrink(small, buffers, count),
					buffer_count(count), (i64)offset, at(&size)));
}

__wasi_errno_t __wasi_fd_read(__wasi_fd_t fd, const __wasi_iovec_t *buffers,
			      size_t count, size_t *out)
{
	struct buffer32 small[MAX_BUFFERS];

	RETURN_SIZE(out, host_fd_read(fd, shrink(small, buffers, count),
				      buffer_count(count), at(&size)));
}

__wasi_errno_t __wasi_fd_readdir(__wasi_fd_t fd, uint8_t *buffer,
				 __wasi_size_t room, __wasi_dircookie_t cookie,
				 size_t *out)
{
	RETURN_SIZE(out, host_fd_readdir(fd, at(buffer), (i32)room, (i64)cookie,
					 at(&size)));
}

__wasi_errno_t __wasi_fd_renumber(__wasi_fd_t fd, __wasi_fd_t to)
{
	return to_linux(host_fd_renumber(fd, to));
}

__wasi_errno_t __wasi_fd_seek(__wasi_fd_t fd, __wasi_filedelta_t offset,
			      __wasi_whence_t whence, __wasi_filesize_t *out)
{
	return to_linux(host_fd_seek(fd, offset, whence, at(out)));
}

__wasi_errno_t __wasi_fd_sync(__wasi_fd_t fd)
{
	return to_linux(host_fd_sync(fd));
}

__wasi_errno_t __wasi_fd_tell(__wasi_fd_t fd, __wasi_filesize_t *out)
{
	return to_linux(host_fd_tell(fd, at(out)));
}

__wasi_errno_t __wasi_fd_write(__wasi_fd_t fd, const __wasi_ciovec_t *buffers,
			       size_t count, size_t *out)
{
	struct buffer32 small[MAX_BUFFERS];

	RETURN_SIZE(out, host_fd_write(fd, shrink(small, buffers, count),
				       buffer_count(count), at(&size)));
}

/* ---- Paths ---- */

IMPORT(path_create_directory) i32 host_path_create_directory(i32, i32, i32);
IMPORT(path_filestat_get) i32 host_path_filestat_get(i32, i32, i32, i32, i32);
IMPORT(path_filestat_set_times)
i32 host_path_filestat_set_times(i32, i32, i32, i32, i64, i64, i32);
IMPORT(path_link) i32 host_path_link(i32, i32, i32, i32, i32, i32, i32);
IMPORT(path_open) i32 host_path_open(i32, i32, i32, i32, i32, i64, i64, i32, i32);
IMPORT(path_readlink) i32 host_path_readlink(i32, i32, i32, i32, i32, i32);
IMPORT(path_remove_directory) i32 host_path_remove_directory(i32, i32, i32);
IMPORT(path_rename) i32 host_path_rename(i32, i32, i32, i32, i32, i32);
IMPORT(path_symlink) i32 host_path_symlink(i32, i32, i32, i32, i32);
IMPORT(path_unlink_file) i32 host_path_unlink_file(i32, i32, i32);

__wasi_errno_t __wasi_path_create_directory(__wasi_fd_t fd, const char *path)
{
	return to_linux(host_path_create_directory(fd, at(path), length(path)));
}

__wasi_errno_t __wasi_path_filestat_get(__wasi_fd_t fd,
					__wasi_lookupflags_t flags,
					const char *path, __wasi_filestat_t *out)
{
	return to_linux(host_path_filestat_get(fd, (i32)flags, at(path),
					       length(path), at(out)));
}

__wasi_errno_t __wasi_path_filestat_set_times(
	__wasi_fd_t fd, __wasi_lookupflags_t flags, const char *path,
	__wasi_timestamp_t accessed, __wasi_timestamp_t modified,
	__wasi_fstflags_t which)
{
	return to_linux(host_path_filestat_set_times(fd, (i32)flags, at(path),
						     length(path), (i64)accessed,
						     (i64)modified, which));
}

__wasi_errno_t __wasi_path_link(__wasi_fd_t old_fd, __wasi_lookupflags_t flags,
				const char *old_path, __wasi_fd_t new_fd,
				const char *new_path)
{
	return to_linux(host_path_link(old_fd, (i32)flags, at(old_path),
				       length(old_path), new_fd, at(new_path),
				       length(new_path)));
}

__wasi_errno_t __wasi_path_open(__wasi_fd_t fd, __wasi_lookupflags_t lookup,
				const char *path, __wasi_oflags_t open_flags,
				__wasi_rights_t base, __wasi_rights_t inheriting,
				__wasi_fdflags_t fd_flags, __wasi_fd_t *out)
{
	return to_linux(host_path_open(fd, (i32)lookup, at(path), length(path),
				       open_flags, (i64)base, (i64)inheriting,
				       fd_flags, at(out)));
}

__wasi_errno_t __wasi_path_readlink(__wasi_fd_t fd, const char *path,
				    uint8_t *buffer, __wasi_size_t room, size_t *out)
{
	RETURN_SIZE(out, host_path_readlink(fd, at(path), length(path), at(buffer),
					    (i32)room, at(&size)));
}

__wasi_errno_t __wasi_path_remove_directory(__wasi_fd_t fd, const char *path)
{
	return to_linux(host_path_remove_directory(fd, at(path), length(path)));
}

__wasi_errno_t __wasi_path_rename(__wasi_fd_t fd, const char *old_path,
				  __wasi_fd_t new_fd, const char *new_path)
{
	return to_linux(host_path_rename(fd, at(old_path), length(old_path), new_fd,
					 at(new_path), length(new_path)));
}

__wasi_errno_t __wasi_path_symlink(const char *target, __wasi_fd_t fd,
				   const char *path)
{
	return to_linux(host_path_symlink(at(target), length(target), fd, at(path),
					  length(path)));
}

__wasi_errno_t __wasi_path_unlink_file(__wasi_fd_t fd, const char *path)
{
	return to_linux(host_path_unlink_file(fd, at(path), length(path)));
}

/* ---- Sockets ---- */

IMPORT(sock_accept) i32 host_sock_accept(i32, i32, i32);
IMPORT(sock_recv) i32 host_sock_recv(i32, i32, i32, i32, i32, i32);
IMPORT(sock_send) i32 host_sock_send(i32, i32, i32, i32, i32);
IMPORT(sock_shutdown) i32 host_sock_shutdown(i32, i32);

__wasi_errno_t __wasi_sock_accept(__wasi_fd_t fd, __wasi_fdflags_t flags,
				  __wasi_fd_t *out)
{
	i32 error;

	do
		error = host_sock_accept(fd, flags, at(out));
	while (goes_on(error));
	return number_of(error) == EINTR ? EINTR : to_linux(error);
}

__wasi_errno_t __wasi_sock_recv(__wasi_fd_t fd, const __wasi_iovec_t *buffers,
				size_t count, __wasi_riflags_t flags, size_t *out,
				__wasi_roflags_t *out_flags)
{
	struct buffer32 small[MAX_BUFFERS];

	RETURN_SIZE(out, host_sock_recv(fd, shrink(small, buffers, count),
					buffer_count(count), flags, at(&size),
					at(out_flags)));
}

__wasi_errno_t __wasi_sock_send(__wasi_fd_t fd, const __wasi_ciovec_t *buffers,
				size_t count, __wasi_siflags_t flags, size_t *out)
{
	struct buffer32 small[MAX_BUFFERS];

	RETURN_SIZE(out, host_sock_send(fd, shrink(small, buffers, count),
					buffer_count(count), (i32)flags, at(&size)));
}

__wasi_errno_t __wasi_sock_shutdown(__wasi_fd_t fd, __wasi_sdflags_t how)
{
	return to_linux(host_sock_shutdown(fd, how));
}
