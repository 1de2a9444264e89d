/* The user-space half: loads the kernel half and shows what it counts. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "NAME.skel.h" /* made from NAME.bpf.c by wasm-bpf build */

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* Usage: NAME [UID]; once a second, the number of programs started so far. */
int main(int argc, char **argv)
{
	struct NAME_bpf *skel = NAME_bpf__open();
	int err;

	if (!skel)
		return 1;
	skel->rodata->only_uid = argc > 1 ? atoi(argv[1]) : -1;
	err = NAME_bpf__load(skel);
	if (!err)
		err = NAME_bpf__attach(skel);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (!err && !ended) {
		/* The counter is the kernel's own memory. */
		printf("%llu programs started\n", skel->bss->started);
		if (fflush(stdout) || usleep(1000000))
			break; /* nobody reads on, or a signal */
	}
	NAME_bpf__destroy(skel);
	return err ? 1 : 0;
}
