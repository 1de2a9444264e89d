/* What the print function is given. Every line is printed with its level in front. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "print.skel.h"

static int lines;
static char log_text[65536];

static int with_level(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[8192];

	vsnprintf(text, sizeof(text), format, arguments);
	printf("<%d>%s", level, text);
	lines++;
	errno = 77; /* must not reach the program */
	return 0;
}

/* Uses the library while a line is handed out: what that prints comes in between. */
static int nested(enum libbpf_print_level level, const char *format, va_list arguments)
{
	static int depth;

	if (depth++ == 0)
		bpf_object__close(bpf_object__open_mem("nonsense", 8, NULL));
	depth--;
	return with_level(level, format, arguments);
}

static int load(bool with_bad)
{
	struct print *skel = print__open();
	int error;

	if (!skel)
		return -errno;
	bpf_program__set_autoload(skel->progs.bad, with_bad);
	error = print__load(skel);
	printf("load: %d, errno %s\n", error, error ? strerror(errno) : "");
	print__destroy(skel);
	return error;
}

/* The verifier's log in a buffer of the program's. */
static void own_log(void)
{
	struct print *skel = print__open();
	size_t size = 0;

	bpf_program__set_autoload(skel->progs.bad, true);
	bpf_program__set_log_buf(skel->progs.bad, log_text, sizeof(log_text));
	printf("load: %d\n", print__load(skel));
	printf("buffer: %d", bpf_program__log_buf(skel->progs.bad, &size) == log_text);
	printf(" %zu\n", size);
	printf("log: %d %d\n", strstr(log_text, "invalid mem access 'map_value_or_null'") != NULL,
	       (int)(strlen(log_text) < sizeof(log_text)));
	print__destroy(skel);
}

/* The same for all programs of an object, and for one that is loaded. */
static void object_log(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = log_text, .kernel_log_size = sizeof(log_text),
		    .kernel_log_level = 1);
	struct print *skel = print__open_opts(&opts);

	log_text[0] = 0;
	printf("load: %d\n", print__load(skel));
	printf("log: %d\n", strstr(log_text, "processed ") != NULL);
	print__destroy(skel);
}

int main(int count, char **arguments)
{
	const char *what = count > 1 ? arguments[1] : "";
	libbpf_print_fn_t first = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "default"))
		return load(true) ? 1 : 0;
	if (!strcmp(what, "none")) {
		libbpf_set_print(NULL);
		load(true);
		return 0;
	}
	if (!strcmp(what, "restored")) {
		first = libbpf_set_print(with_level);
		printf("%d\n", libbpf_set_print(first) == with_level);
		load(true);
		return 0;
	}
	libbpf_set_print(!strcmp(what, "nested") ? nested : with_level);
	if (!strcmp(what, "logs")) {
		own_log();
		object_log();
		return 0;
	}
	load(!strcmp(what, "bad"));
	printf("lines: %d\n", lines > 0);
	return 0;
}
