/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "bootstrap.h"
#include "libbpf-wasm.h"
#include "bootstrap.skel.h"

static const char usage[] =
	"BPF bootstrap demo application.\n"
	"It traces process start and exits and shows associated information"
	" (filename, process duration, PID and PPID, etc).\n"
	"USAGE: ./bootstrap [-d <min-duration-ms>] -v\n";

static const struct option long_options[] = {
	{ "duration", required_argument, NULL, 'd' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static struct {
	unsigned long long min_duration_ms;
	bool verbose;
	unsigned long long events;
} state;

/* What main() returns at once, or -1 to go on. */
static int parse_arguments(int argc, char **argv)
{
	char *end;
	int option;

	while ((option = getopt_long(argc, argv, "d:vh", long_options, NULL)) != -1) {
		switch (option) {
		case 'd':
			errno = 0;
			state.min_duration_ms = strtoull(optarg, &end, 10);
			if (errno || *optarg < '0' || *optarg > '9' || *end ||
			    state.min_duration_ms > ULLONG_MAX / 1000000) {
				fprintf(stderr, "Invalid duration: %s\n", optarg);
				return 1;
			}
			break;
		case 'v':
			state.verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 1;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 1;
	}
	return -1;
}

static int handle_event(void *ctx, void *data, size_t size)
{
	const struct event *event = data;
	struct tm now = wasm_bpf_localtime(time(NULL));
	char clock[16];

	(void)ctx;
	(void)size;
	state.events++;
	strftime(clock, sizeof(clock), "%H:%M:%S", &now);
	printf("%-8s %-5s %-16s %-7d %-7d ", clock, event->is_exit ? "EXIT" : "EXEC",
	       event->comm, event->pid, event->ppid);
	if (!event->is_exit)
		printf("%s\n", event->filename);
	else if (event->duration_ns)
		printf("[%u] (%llums)\n", event->exit_code,
		       event->duration_ns / 1000000);
	else
		printf("[%u]\n", event->exit_code);
	return ferror(stdout) ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct bootstrap_bpf *skel;
	struct bpf_buffer *buffer = NULL;
	int err = parse_arguments(argc, argv);

	if (err >= 0)
		return err;

	/* A line at a time, into a pipe as well. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

	skel = bootstrap_bpf__open();
	if (!skel) {
		fprintf(stderr, "Failed to open BPF skeleton\n");
		return 1;
	}
	skel->rodata->min_duration_ns = state.min_duration_ms * 1000000;

	err = bootstrap_bpf__load(skel);
	if (err) {
		fprintf(stderr, "Failed to load and verify BPF skeleton\n");
		goto cleanup;
	}
	err = bootstrap_bpf__attach(skel);
	if (err) {
		fprintf(stderr, "Failed to attach BPF skeleton\n");
		goto cleanup;
	}
	buffer = bpf_buffer__open(skel->maps.events, handle_event, NULL);
	if (!buffer) {
		err = -errno;
		fprintf(stderr, "Failed to open the ring buffer\n");
		goto cleanup;
	}

	printf("%-8s %-5s %-16s %-7s %-7s %s\n", "TIME", "EVENT", "COMM", "PID",
	       "PPID", "FILENAME/EXIT CODE");
	do
		err = bpf_buffer__poll(buffer, 100 /* ms */);
	while (err >= 0);
	if (err == -EINTR || err == -EPIPE)
		err = 0; /* Ctrl-C, or nobody reads on */
	else if (ferror(stdout))
		fprintf(stderr, "Failed to write: %s\n", strerror(-err));
	else
		fprintf(stderr, "Failed to poll the ring buffer: %s\n",
			strerror(-err));

	if (wasm_bpf_object__read_globals(skel->obj) == 0) {
		if (skel->bss->dropped)
			fprintf(stderr, "%llu events lost: the ring buffer was full\n",
				(unsigned long long)skel->bss->dropped);
		if (state.verbose)
			fprintf(stderr, "%llu events shown, %llu lost\n", state.events,
				(unsigned long long)skel->bss->dropped);
	}

cleanup:
	bpf_buffer__free(buffer);
	bootstrap_bpf__destroy(skel);
	return err ? 1 : 0;
}
