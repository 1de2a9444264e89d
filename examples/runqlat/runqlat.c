/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "runqlat.h"
#include "runqlat.skel.h"

static const char usage[] =
	"Summarize run queue (scheduler) latency as a histogram.\n"
	"\n"
	"USAGE: runqlat [-h] [-T] [-m] [-L] [-P] [-p PID] [interval] [count]\n"
	"\n"
	"    -T        show the time with each summary\n"
	"    -m        count milliseconds instead of microseconds\n"
	"    -P        one histogram for each process\n"
	"    -L        one histogram for each thread\n"
	"    -p PID    trace this process only\n"
	"\n"
	"EXAMPLES:\n"
	"    runqlat         # one summary each second, until Ctrl-C\n"
	"    runqlat 5 3     # three summaries, one every 5 seconds\n"
	"    runqlat -P 1 1  # one second, by process\n";

static struct {
	int interval;
	int count; /* 0: no end */
	int pid;
	enum group group_by;
	bool milliseconds;
	bool timestamp;
} options = { .interval = 1 };

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* A positive number, or 0 after a message. */
static int parse_number(const char *text, const char *what)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text && !*end && value > 0 && value <= INT_MAX)
		return (int)value;
	fprintf(stderr, "Invalid %s: %s\n", what, text);
	return 0;
}

/* What main() returns at once, or -1 to go on. */
static int parse_arguments(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "TmLPp:h")) != -1) {
		switch (option) {
		case 'T':
			options.timestamp = true;
			break;
		case 'm':
			options.milliseconds = true;
			break;
		case 'P':
		case 'L':
			if (options.group_by != GROUP_ALL) {
				fprintf(stderr, "-P and -L exclude each other\n");
				return 1;
			}
			options.group_by = option == 'P' ? GROUP_PROCESS : GROUP_THREAD;
			break;
		case 'p':
			options.pid = parse_number(optarg, "PID");
			if (!options.pid)
				return 1;
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
		options.interval = parse_number(argv[optind++], "interval");
		if (!options.interval)
			return 1;
	}
	if (optind < argc) {
		options.count = parse_number(argv[optind++], "count");
		if (!options.count)
			return 1;
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 1;
	}
	return -1;
}

/* Rows of 2^n to 2^(n+1) - 1, down to the last that is not empty. */
static void print_histogram(const struct histogram *histogram)
{
	const int width = 40;
	unsigned int most = 0;
	int i, star, stars, rows = 0;

	for (i = 0; i < SLOTS; i++) {
		if (!histogram->slots[i])
			continue;
		rows = i + 1;
		if (histogram->slots[i] > most)
			most = histogram->slots[i];
	}
	if (!rows)
		return;
	printf("     %-19s : count    distribution\n",
	       options.milliseconds ? "msecs" : "usecs");
	for (i = 0; i < rows; i++) {
		unsigned long low = i ? 1ul << i : 0, high = (2ul << i) - 1;
		unsigned int count = histogram->slots[i];

		stars = (int)((unsigned long long)count * width / most);
		printf("%10lu -> %-10lu : %-8u |", low, high, count);
		for (star = 0; star < width; star++)
			putchar(star < stars ? '*' : ' ');
		printf("|\n");
	}
}

/* Prints and removes the histograms; 0 or a negative error number. */
static int print_summary(int fd)
{
	struct histogram histogram;
	unsigned int key, next_key;
	int err, at_end = bpf_map_get_next_key(fd, NULL, &key);

	while (!at_end) {
		/* Before the key goes, for it would be looked up in vain. */
		at_end = bpf_map_get_next_key(fd, &key, &next_key);
		err = bpf_map_lookup_elem(fd, &key, &histogram);
		if (!err)
			err = bpf_map_delete_elem(fd, &key);
		if (err)
			return err;
		if (options.group_by == GROUP_PROCESS)
			printf("\npid = %u %s\n", key, histogram.comm);
		else if (options.group_by == GROUP_THREAD)
			printf("\ntid = %u %s\n", key, histogram.comm);
		print_histogram(&histogram);
		key = next_key;
	}
	return at_end == -ENOENT ? 0 : at_end;
}

int main(int argc, char **argv)
{
	struct runqlat_bpf *skel;
	int err = parse_arguments(argc, argv);

	if (err >= 0)
		return err;
	skel = runqlat_bpf__open();
	if (!skel)
		return 1; /* libbpf has said why */
	skel->rodata->only_pid = options.pid;
	skel->rodata->group_by = options.group_by;
	skel->rodata->milliseconds = options.milliseconds;
	err = runqlat_bpf__load(skel);
	if (!err)
		err = runqlat_bpf__attach(skel);
	if (err)
		goto cleanup;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	printf("Tracing run queue latency... Hit Ctrl-C to end.\n");
	do {
		fflush(stdout);
		sleep(options.interval); /* until a signal */
		printf("\n");
		if (options.timestamp) {
			time_t now = time(NULL);
			char clock[16];

			strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
			printf("%-8s\n", clock);
		}
		err = print_summary(bpf_map__fd(skel->maps.histograms));
		if (err)
			fprintf(stderr, "Failed to read the histograms: %s\n",
				strerror(-err));
	} while (!err && !ended && !ferror(stdout) && --options.count != 0);

cleanup:
	runqlat_bpf__destroy(skel);
	return err ? 1 : 0;
}
