/* Shared by the sources of the guest library. */
#ifndef WASM_BPF_INTERNAL_H
#define WASM_BPF_INTERNAL_H

#include <errno.h>
#include <stddef.h>
#include <wasm-bpf/abi2.h>

/*
 * Lines that the host keeps for the guest. `pending` is a word that the host
 * writes once libbpf_set_print() has bound it; `deliver` calls the program's
 * function, and is set there, so that the code is linked only where it is used.
 */
extern struct wb_log {
	uint32_t pending;
	void (*deliver)(void);
} wb_log;

/**
 * The result of an import as libbpf gives it: 0 or more as it is, -errno with
 * `errno` set. Lines that the import produced are printed.
 */
static inline int wb_result(int result)
{
	if (wb_log.pending)
		wb_log.deliver();
	if (result < 0)
		errno = -result;
	return result;
}

/** -error, with `errno` set. */
static inline int wb_fail(int error)
{
	errno = error;
	return -error;
}

/** NULL, with `errno` set to the error, of either sign. */
static inline void *wb_null(int error)
{
	errno = error < 0 ? -error : error;
	return NULL;
}

/** Prints a line as libbpf does, through the program's function. The format begins with "libbpf: ". Keeps `errno`. */
void wb_print(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define wb_warn(format, ...) wb_print(0, "libbpf: " format, ##__VA_ARGS__)
#define wb_debug(format, ...) wb_print(2, "libbpf: " format, ##__VA_ARGS__)

/** The name of an error of either sign, as in "-ENOENT"; its number in a static buffer where libbpf has no name. */
const char *wb_error_name(int error);

struct btf;
/** Types behind a handle of the host, which the struct owns. NULL with `errno`, the handle closed. In btf.c. */
struct btf *wb_btf_of_handle(int handle);

#endif
