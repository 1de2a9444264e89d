#include <bpf/libbpf.h>
#include <stdlib.h>
#include <strings.h>
#include "internal.h"

/* libbpf's own print function: until another one is set, and what libbpf_set_print() returns then. */
static int print_to_stderr(enum libbpf_print_level level, const char *format, va_list arguments)
{
	static const char *const names[] = { "warn", "info", "debug" };
	static int least = -1;

	if (least < 0) {
		const char *wanted = getenv("LIBBPF_LOG_LEVEL");
		int i;

		least = LIBBPF_INFO;
		for (i = 0; wanted && i < 3; i++)
			if (!strcasecmp(wanted, names[i]))
				break;
		if (wanted && i < 3)
			least = i;
		else if (wanted)
			fprintf(stderr,
				"libbpf: unrecognized 'LIBBPF_LOG_LEVEL' envvar value: '%s', should be one of 'warn', 'debug', or 'info'.\n",
				wanted);
	}
	return (int)level > least ? 0 : vfprintf(stderr, format, arguments);
}

static libbpf_print_fn_t print_function = print_to_stderr;

void wb_print(int level, const char *format, ...)
{
	libbpf_print_fn_t print = print_function;
	int error = errno;
	va_list arguments;

	if (!print)
		return;
	va_start(arguments, format);
	print((enum libbpf_print_level)level, format, arguments);
	va_end(arguments);
	errno = error;
}

/* Hands out the lines that wait. The function may call the library: what that produces is taken then. */
static void deliver(void)
{
	uint32_t size = wb_log.pending;
	int error = errno, taken;
	char *lines = malloc(size + 1);
	char *at = lines;

	taken = lines ? wb_log_take(wb_address(lines), size) : 0;
	if (taken < 0)
		wb_log.pending = 0;
	while (lines && taken >= (int)sizeof(struct wb_log_line)) {
		const struct wb_log_line *line = (const void *)at;
		char *text = at + sizeof(*line), *end = text + line->length;
		char next = *end;
		int whole = sizeof(*line) + ((line->length + 3) & ~3u);

		*end = 0;
		wb_print(line->level, "%s", text);
		*end = next;
		at += whole;
		taken -= whole;
	}
	free(lines);
	errno = error;
}

libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn)
{
	libbpf_print_fn_t before = print_function;

	print_function = fn;
	if (!wb_log.deliver) {
		wb_log.deliver = deliver;
		wb_log_bind(wb_address(&wb_log.pending));
	}
	wb_log_level(fn == print_to_stderr ? LIBBPF_INFO : LIBBPF_DEBUG);
	return before;
}
