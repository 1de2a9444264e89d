/* SPDX-License-Identifier: MIT */
/* Nothing in here is about WebAssembly: the same file is a native program and a guest. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpf/libbpf.h>
#include "bootstrap.h"
#include "bootstrap.skel.h"

const char *argp_program_version = "bootstrap 1.0";

static const char description[] =
	"BPF bootstrap demo application.\n"
	"It traces process start and exits and shows associated information"
	" (filename, process duration, PID and PPID, etc).";

static const struct argp_option options[] = {
	{ "duration", 'd', "MS", 0, "Show only exits of processes that lived at least so long", 0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf does, and the number of events at the end", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static struct {
	unsigned long long min_duration_ms;
	bool verbose;
	unsigned long long events;
} state;

static volatile sig_atomic_t ended;

static error_t parse_option(int key, char *argument, struct argp_state *parser)
{
	char *end;

	switch (key) {
	case 'd':
		errno = 0;
		state.min_duration_ms = strtoull(argument, &end, 10);
		if (errno || *argument < '0' || *argument > '9' || *end ||
		    state.min_duration_ms > ULLONG_MAX / 1000000)
			argp_error(parser, "invalid duration: %s", argument);
		return 0;
	case 'v':
		state.verbose = true;
		return 0;
	case 'h':
		printf("%s\nUSAGE: ./bootstrap [-d <min-duration-ms>] -v\n", description);
		exit(0);
	case ARGP_KEY_ARG:
		argp_usage(parser);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = options,
	.parser = parse_option,
	.doc = description,
};

static int print_line(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	return vfprintf(stderr, format, arguments);
}

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static int handle_event(void *context, void *data, size_t size)
{
	const struct event *event = data;
	time_t now = time(NULL);
	char clock[16];

	(void)context;
	(void)size;
	state.events++;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	printf("%-8s %-5s %-16s %-7d %-7d ", clock, event->is_exit ? "EXIT" : "EXEC",
	       event->comm, event->pid, event->ppid);
	if (!event->is_exit)
		printf("%s\n", event->filename);
	else if (event->duration_ns)
		printf("[%u] (%llums)\n", event->exit_code,
		       event->duration_ns / 1000000);
	else
		printf("[%u]\n", event->exit_code);
	return ferror(stdout) ? -EPIPE : 0;
}

int main(int argc, char **argv)
{
	struct ring_buffer *events = NULL;
	struct bootstrap_bpf *skel;
	int err = argp_parse(&parser, argc, argv, 0, NULL, NULL);

	if (err)
		return 1;
	if (state.verbose)
		libbpf_set_print(print_line);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	/* A line at a time, into a pipe as well. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

	skel = bootstrap_bpf__open();
	if (!skel) {
		fprintf(stderr, "Failed to open the BPF object\n");
		return 1;
	}
	skel->rodata->min_duration_ns = state.min_duration_ms * 1000000;

	err = bootstrap_bpf__load(skel);
	if (err) {
		fprintf(stderr, "Failed to load the BPF object\n");
		goto cleanup;
	}
	err = bootstrap_bpf__attach(skel);
	if (err) {
		fprintf(stderr, "Failed to attach the BPF programs\n");
		goto cleanup;
	}
	events = ring_buffer__new(bpf_map__fd(skel->maps.events), handle_event, NULL, NULL);
	if (!events) {
		err = -errno;
		fprintf(stderr, "Failed to open the ring buffer\n");
		goto cleanup;
	}

	printf("%-8s %-5s %-16s %-7s %-7s %s\n", "TIME", "EVENT", "COMM", "PID",
	       "PPID", "FILENAME/EXIT CODE");
	while (!ended) {
		err = ring_buffer__poll(events, 100 /* ms */);
		if (err < 0 && err != -EINTR)
			break;
		err = 0;
	}
	if (err == -EPIPE)
		err = 0; /* nobody reads on */
	else if (err)
		fprintf(stderr, "Failed to poll the ring buffer: %s\n", strerror(-err));

	/* The counter is the kernel's own memory. */
	if (skel->bss->dropped)
		fprintf(stderr, "%llu events lost: the ring buffer was full\n",
			skel->bss->dropped);
	if (state.verbose)
		fprintf(stderr, "%llu events shown, %llu lost\n", state.events,
			skel->bss->dropped);

cleanup:
	ring_buffer__free(events);
	bootstrap_bpf__destroy(skel);
	return err ? 1 : 0;
}
