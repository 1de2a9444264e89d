/* The user-space half: loads the kernel half and prints its events. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

	(void)ctx;
	(void)size;
	printf("%-7d %-16s %s\n", event->pid, event->comm, event->file);
	return 0;
}

/* Usage: NAME [PID]; the files that all processes open, or one. */
int main(int argc, char **argv)
{
	struct NAME_bpf *skel = NAME_bpf__open();
	struct ring_buffer *events = NULL;
	int err = -1;

	if (!skel)
		return 1;
	skel->rodata->only_pid = argc > 1 ? atoi(argv[1]) : 0;
	if (NAME_bpf__load(skel) || NAME_bpf__attach(skel))
		goto cleanup; /* libbpf has said why */
	events = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, NULL, NULL);
	if (!events)
		goto cleanup;
	printf("%-7s %-16s %s\n", "PID", "COMM", "FILE");
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
