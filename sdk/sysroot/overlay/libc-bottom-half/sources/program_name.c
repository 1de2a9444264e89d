/* SPDX-License-Identifier: MIT */
/* What the program was called by, for messages: set before main() in programs that use it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

char *__progname_full = "", *__progname = "";
extern char *program_invocation_name __attribute__((alias("__progname_full")));
extern char *program_invocation_short_name __attribute__((alias("__progname")));

__attribute__((constructor)) static void take_name(void)
{
	size_t count = 0, size = 0;
	uint8_t **arguments, *text;
	char *slash;

	if (__wasi_args_sizes_get(&count, &size) || count == 0)
		return;
	arguments = malloc((count + 1) * sizeof(*arguments));
	text = malloc(size ? size : 1);
	if (!arguments || !text || __wasi_args_get(arguments, text))
		return;
	__progname_full = (char *)arguments[0];
	slash = strrchr(__progname_full, '/');
	__progname = slash ? slash + 1 : __progname_full;
	free(arguments);
}
