/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "libbpf-wasm.h"
#include "minimal.skel.h"

/* Usage: minimal [PID]; once a second, the number of write() calls so far. */
int main(int argc, char **argv)
{
	struct minimal_bpf *skel = minimal_bpf__open();
	int err = 1;

	if (!skel) {
		fprintf(stderr, "Failed to open BPF skeleton\n");
		return 1;
	}
	skel->rodata->only_pid = argc > 1 ? atoi(argv[1]) : 0;
	if (minimal_bpf__load(skel) || minimal_bpf__attach(skel)) {
		fprintf(stderr, "Failed to load and attach BPF skeleton\n");
		goto cleanup;
	}
	do {
		err = wasm_bpf_object__read_globals(skel->obj);
		if (err)
			break;
		printf("%llu writes\n", (unsigned long long)skel->bss->writes);
		fflush(stdout);
	} while (usleep(1000000) == 0); /* Ctrl-C ends the sleep */

cleanup:
	minimal_bpf__destroy(skel);
	return err ? 1 : 0;
}
