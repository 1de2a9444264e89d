/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include "execve.h"
#include "libbpf-wasm.h"
#include "execve.skel.h"

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
	struct bpf_buffer *buffer = NULL;
	int err = -1;

	if (!skel || execve_bpf__attach(skel)) {
		fprintf(stderr, "Failed to load and attach BPF skeleton\n");
		goto cleanup;
	}
	buffer = bpf_buffer__open(skel->maps.events, handle_event, NULL);
	if (!buffer) {
		fprintf(stderr, "Failed to open the ring buffer\n");
		goto cleanup;
	}
	fprintf(stderr, "Tracing execve()... Hit Ctrl-C to end.\n");
	do {
		err = bpf_buffer__poll(buffer, -1);
		if (fflush(stdout))
			break; /* nobody reads on */
	} while (err >= 0);
	if (wasm_bpf_object__read_globals(skel->obj) == 0 && skel->bss->dropped)
		fprintf(stderr, "%llu events lost: the ring buffer was full\n",
			(unsigned long long)skel->bss->dropped);

cleanup:
	bpf_buffer__free(buffer);
	execve_bpf__destroy(skel);
	return err < 0 && err != -EINTR ? 1 : 0;
}
