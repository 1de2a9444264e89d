/* The user-space half: attaches the kernel half to a network interface. */
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "NAME.h"
#include "NAME.skel.h" /* made from NAME.bpf.c by wasm-bpf build */

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static const struct {
	const char *name;
	uint32_t counter;
} protocols[] = { { "icmp", 1 }, { "tcp", 6 }, { "udp", 17 }, { "other", OTHER } };

static int print_counters(int map)
{
	uint64_t count;
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (bpf_map_lookup_elem(map, &protocols[i].counter, &count))
			return -1;
		printf("%s%s %llu", i ? "  " : "", protocols[i].name,
		       (unsigned long long)count);
	}
	putchar('\n');
	return fflush(stdout);
}

/* Usage: NAME INTERFACE; once a second, the packets it received so far. */
int main(int argc, char **argv)
{
	struct NAME_bpf *skel;
	int err;

	if (argc != 2) {
		fprintf(stderr, "Usage: NAME INTERFACE\n");
		return 2;
	}
	skel = NAME_bpf__open_and_load();
	if (!skel)
		return 1; /* libbpf has said why */
	/* 0 for a name that no interface has. */
	skel->links.on_packet = bpf_program__attach_xdp(skel->progs.on_packet,
							(int)if_nametoindex(argv[1]));
	err = skel->links.on_packet ? 0 : -1;
	if (err)
		fprintf(stderr, "Cannot attach to %s\n", argv[1]);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	while (!err && !ended) {
		err = print_counters(bpf_map__fd(skel->maps.packets));
		if (usleep(1000000))
			break; /* a signal */
	}
	NAME_bpf__destroy(skel);
	return err ? 1 : 0;
}
