/* SPDX-License-Identifier: MIT */
/* Before standard input is read: a question without a newline is to be seen before it is answered. */
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

/* There in programs that write to standard output. */
extern FILE *volatile __stdout_used __attribute__((weak));

void __wasm_bpf_flush_terminal(void)
{
	FILE *out = &__stdout_used ? __stdout_used : NULL;

	if (out && __fpending(out) && __flbf(out) && isatty(0))
		fflush(out);
}
