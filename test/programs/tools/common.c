#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common.h"

volatile sig_atomic_t ended;
bool verbose;

static void on_signal(int number)
{
	ended = number;
}

static int print_line(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG || (level == LIBBPF_INFO && !verbose))
		return 0;
	return vfprintf(stderr, format, arguments);
}

void common_init(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	signal(SIGTERM, on_signal);
	libbpf_set_print(print_line);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

void ready(void)
{
	puts("ready");
}

int failed(const char *what, int err)
{
	fprintf(stderr, "failed to %s: %s\n", what, strerror(err < 0 ? -err : err));
	return err;
}
