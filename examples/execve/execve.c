/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <bpf/libbpf.h>
#include "execve.h"
#include "execve.skel.h"

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static int handle_event(void *ctx, void *data, size_t size)
{
	const struct execve_event *event = data;

	(void)ctx;
	(void)size;
	printf("[%d] %s -> %s\n", event->pid, event->comm, event->file);
	return 0;
}

int main(void)
{
	struct execve_bpf *skel = execve_bpf__open_and_load();
	struct ring_buffer *events = NULL;
	int err = -1;

	if (!skel || execve_bpf__attach(skel))
		goto cleanup; /* libbpf has said why */
	events = ring_buffer__new(bpf_map__fd(skel->maps.events), handle_event, NULL, NULL);
	if (!events) {
		fprintf(stderr, "Failed to open the ring buffer\n");
		goto cleanup;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	fprintf(stderr, "Tracing execve()... Hit Ctrl-C to end.\n");
	do {
		err = ring_buffer__poll(events, -1); /* -EINTR after a signal */
		if (fflush(stdout))
			break; /* nobody reads on */
	} while (!ended && err >= 0);
	if (skel->bss->dropped)
		fprintf(stderr, "%llu events lost: the ring buffer was full\n",
			skel->bss->dropped);

cleanup:
	ring_buffer__free(events);
	execve_bpf__destroy(skel);
	return err < 0 && err != -EINTR ? 1 : 0;
}
