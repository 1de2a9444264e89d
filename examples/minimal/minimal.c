/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "minimal.skel.h"

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* Usage: minimal [PID]; once a second, the number of write() calls so far. */
int main(int argc, char **argv)
{
	struct minimal_bpf *skel = minimal_bpf__open();
	int err;

	if (!skel)
		return 1; /* libbpf has said why */
	skel->rodata->only_pid = argc > 1 ? atoi(argv[1]) : 0;
	err = minimal_bpf__load(skel);
	if (!err)
		err = minimal_bpf__attach(skel);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (!err && !ended) {
		printf("%llu writes\n", skel->bss->writes);
		if (fflush(stdout) || usleep(1000000))
			break; /* nobody reads on, or a signal */
	}
	minimal_bpf__destroy(skel);
	return err ? 1 : 0;
}
