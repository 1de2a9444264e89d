/* The user-space half: loads the kernel half and draws what it counts. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "NAME.h"
#include "NAME.skel.h" /* made from NAME.bpf.c by wasm-bpf build */

#define WIDTH 40

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* One row for each slot up to the last that is not empty. */
static int print_histogram(int map)
{
	uint64_t counts[SLOTS], most = 1;
	uint32_t slot, rows = 0, star;

	for (slot = 0; slot < SLOTS; slot++) {
		if (bpf_map_lookup_elem(map, &slot, &counts[slot]))
			return -1;
		if (counts[slot])
			rows = slot + 1;
		if (counts[slot] > most)
			most = counts[slot];
	}
	printf("%10s    %-10s : count\n", "bytes", "");
	for (slot = 0; slot < rows; slot++) {
		printf("%10u -> %-10u : %-8llu ", slot ? 1u << slot : 0,
		       (unsigned int)((2ull << slot) - 1),
		       (unsigned long long)counts[slot]);
		for (star = 0; star < counts[slot] * WIDTH / most; star++)
			putchar('*');
		putchar('\n');
	}
	return fflush(stdout);
}

/* Usage: NAME [PID]; once a second, the sizes of all read() calls so far. */
int main(int argc, char **argv)
{
	struct NAME_bpf *skel = NAME_bpf__open();
	int err;

	if (!skel)
		return 1;
	skel->rodata->only_pid = argc > 1 ? atoi(argv[1]) : 0;
	err = NAME_bpf__load(skel);
	if (!err)
		err = NAME_bpf__attach(skel);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (!err && !ended) {
		if (usleep(1000000))
			break; /* a signal ends the sleep */
		err = print_histogram(bpf_map__fd(skel->maps.sizes));
	}
	NAME_bpf__destroy(skel);
	return err ? 1 : 0;
}
