/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <error.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void (*error_print_progname)(void);
unsigned int error_message_count;
int error_one_per_line;

static void print(int status, int errnum, const char *file, unsigned int line,
		  const char *format, va_list arguments)
{
	static const char *last_file;
	static unsigned int last_line;

	if (file && error_one_per_line) {
		if (last_line == line && last_file && strcmp(last_file, file) == 0)
			return;
		last_file = file;
		last_line = line;
	}
	fflush(stdout);
	if (error_print_progname)
		error_print_progname();
	else
		fprintf(stderr, file ? "%s:" : "%s: ", program_invocation_name);
	if (file)
		fprintf(stderr, "%s:%u: ", file, line);
	vfprintf(stderr, format, arguments);
	error_message_count++;
	if (errnum)
		fprintf(stderr, ": %s", strerror(errnum));
	putc('\n', stderr);
	if (status)
		exit(status);
}

void error(int status, int errnum, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(status, errnum, NULL, 0, format, arguments);
	va_end(arguments);
}

void error_at_line(int status, int errnum, const char *file, unsigned int line,
		   const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(status, errnum, file, line, format, arguments);
	va_end(arguments);
}
