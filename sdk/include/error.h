/* SPDX-License-Identifier: MIT */
/* Messages that name the program, as in glibc. */
#ifndef WASM_BPF_ERROR_H
#define WASM_BPF_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/** Prints "program: message: text of errnum" after flushing standard output, and exits if `status` is not 0. */
void error(int status, int errnum, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
void error_at_line(int status, int errnum, const char *file, unsigned int line,
		   const char *format, ...) __attribute__((__format__(__printf__, 5, 6)));

extern void (*error_print_progname)(void);
extern unsigned int error_message_count;
extern int error_one_per_line;

#ifdef __cplusplus
}
#endif

#endif
