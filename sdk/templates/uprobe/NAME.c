/* The user-space half: attaches the kernel half to a function. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <bpf/libbpf.h>
#include "NAME.h"
#include "NAME.skel.h" /* made from NAME.bpf.c by wasm-bpf build */

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static int on_event(void *ctx, void *data, size_t size)
{
	const struct event *event = data;

	(void)size;
	printf("%-7d %-16s %s(0x%llx)\n", event->pid, event->comm,
	       (const char *)ctx, event->argument);
	return 0;
}

/* Usage: NAME BINARY FUNCTION; its calls, with the first argument. */
int main(int argc, char **argv)
{
	struct ring_buffer *events = NULL;
	struct NAME_bpf *skel;
	LIBBPF_OPTS(bpf_uprobe_opts, opts);
	int err = -1;

	if (argc != 3) {
		fprintf(stderr, "Usage: NAME BINARY FUNCTION\n");
		return 2;
	}
	skel = NAME_bpf__open_and_load();
	if (!skel)
		return 1; /* libbpf has said why */
	opts.func_name = argv[2];
	skel->links.on_call = bpf_program__attach_uprobe_opts(
		skel->progs.on_call, -1 /* all processes */, argv[1], 0, &opts);
	if (!skel->links.on_call) {
		fprintf(stderr, "Cannot attach to %s:%s\n", argv[1], argv[2]);
		goto cleanup;
	}
	events = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, argv[2], NULL);
	if (!events)
		goto cleanup;
	printf("%-7s %-16s %s\n", "PID", "COMM", "CALL");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	do {
		if (fflush(stdout))
			break; /* nobody reads on */
		err = ring_buffer__poll(events, -1); /* -EINTR after a signal */
	} while (!ended && err >= 0);
	/* Globals are the kernel's own memory. */
	if (skel->bss->dropped)
		fprintf(stderr, "%llu events lost: the ring buffer was full\n",
			skel->bss->dropped);

cleanup:
	ring_buffer__free(events);
	NAME_bpf__destroy(skel);
	return err < 0 && err != -EINTR ? 1 : 0;
}
