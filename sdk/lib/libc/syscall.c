/* SPDX-License-Identifier: MIT */
/*
 * syscall() as a function, for those who take its address; calls of it are the
 * macro of bits/syscall-function.h, which links only the call that is meant.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <unistd.h>

#undef syscall

/* NB: arguments must be longs: nothing says how long they are. */
long syscall(long number, ...)
{
	long values[6];
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		values[i] = va_arg(arguments, long);
	va_end(arguments);
	return __wasm_bpf_syscall(number, values[0], values[1], values[2], values[3], values[4],
				  values[5]);
}
