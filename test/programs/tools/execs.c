/* Programs that a process starts and how they end: ring buffer, argp, autoload, live globals. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common.h"
#include "execs.h"
#include "execs.skel.h"

const char *argp_program_version = "execs 0.1";
const char *argp_program_bug_address = "<nobody@example.org>";

static struct {
	int parent;
	bool times;
	bool exits;
} env = { .exits = true };

static const struct argp_option options[] = {
	{ "parent", 'p', "PID", 0, "Children of this process", 0 },
	{ "time", 't', NULL, 0, "Show the time of day", 0 },
	{ "no-exits", 'n', NULL, 0, "Only starts", 0 },
	{ "verbose", 'v', NULL, 0, "Show what libbpf does", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show the full help", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case 'p':
		errno = 0;
		env.parent = (int)strtol(argument, NULL, 10);
		if (errno || env.parent <= 0) {
			fprintf(stderr, "Invalid PID: %s\n", argument);
			argp_usage(state);
		}
		break;
	case 't':
		env.times = true;
		break;
	case 'n':
		env.exits = false;
		break;
	case 'v':
		verbose = true;
		break;
	case 'h':
		argp_state_help(state, stderr, ARGP_HELP_STD_HELP);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Shows the programs that a process starts.\n\vEXAMPLES:\n    execs -p 1    # those of init\n",
};

static int on_event(void *ctx, void *data, size_t size)
{
	const struct exec_event *event = data;
	int *lines = ctx;

	if (size < sizeof(*event))
		return -EINVAL;
	if (env.times) {
		time_t now = time(NULL);
		struct tm *local = localtime(&now);
		char text[32];

		strftime(text, sizeof(text), "%Y-%m-%d %Z", local);
		printf("%s ", text);
	}
	(*lines)++;
	if (event->code < 0)
		printf("%-7d %-16s %s\n", event->pid, event->comm, event->file);
	else
		printf("%-7d %-16s ended with %d\n", event->pid, event->comm, event->code);
	return 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_opts, .object_name = "execs_object");
	struct ring_buffer *events = NULL;
	struct execs_bpf *skel;
	int err, lines = 0;

	err = argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (err)
		return err;
	common_init();
	skel = execs_bpf__open_opts(&open_opts);
	if (!skel)
		return failed("open", errno);
	skel->rodata->parent = env.parent;
	bpf_program__set_autoload(skel->progs.never, false);
	if (!env.exits)
		bpf_program__set_autoload(skel->progs.on_exit, false);
	err = execs_bpf__load(skel);
	if (!err)
		err = execs_bpf__attach(skel);
	if (err) {
		failed("load and attach", err);
		goto cleanup;
	}
	events = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, &lines, NULL);
	if (!events) {
		err = failed("open the ring buffer", -errno);
		goto cleanup;
	}
	printf("%s %s\n", bpf_object__name(skel->obj), skel->links.never ? "all" : "chosen");
	ready();
	while (!ended) {
		err = ring_buffer__poll(events, 100);
		if (err < 0 && err != -EINTR)
			break;
	}
	err = ring_buffer__consume(events);
	printf("signal %d, %llu seen, %d shown, %d succeeded, %d failed\n", (int)ended, skel->bss->seen,
	       lines, skel->bss->exits[0], skel->bss->exits[1]);

cleanup:
	ring_buffer__free(events);
	execs_bpf__destroy(skel);
	return err < 0;
}
