/* System calls of a process by number: iteration, batches, per-CPU values, a timer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"
#include "calls.skel.h"

#define LIMIT 512

static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
	(void)number;
	ticks++;
}

static int by_number(const void *a, const void *b)
{
	return (int)*(const __u32 *)a - (int)*(const __u32 *)b;
}

static unsigned long long count_of(int map, __u32 number)
{
	unsigned long long count = 0;

	if (bpf_map_lookup_elem(map, &number, &count))
		return 0;
	return count;
}

static int print_counts(int map)
{
	static __u32 keys[LIMIT];
	__u32 next, *key = NULL, n = 0;

	while (!bpf_map_get_next_key(map, key, &next) && n < LIMIT) {
		keys[n] = next;
		key = &keys[n++];
	}
	if (errno != ENOENT)
		return failed("iterate", errno);
	qsort(keys, n, sizeof(*keys), by_number);
	for (__u32 i = 0; i < n; i++)
		if (keys[i] == SYS_openat || keys[i] == SYS_write)
			printf("call %u: %llu\n", keys[i], count_of(map, keys[i]));
	return 0;
}

static int batches(int map)
{
	static __u32 keys[LIMIT], cursor;
	static __u64 values[LIMIT];
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = 0, .flags = 0);
	__u32 n = LIMIT, opens = 0;
	int err;

	err = bpf_map_lookup_batch(map, NULL, &cursor, keys, values, &n, &opts);
	for (__u32 i = 0; i < n; i++)
		opens += keys[i] == SYS_openat ? values[i] : 0;
	printf("batch: %d, %u opens\n", err, opens);
	n = LIMIT;
	err = bpf_map_lookup_and_delete_batch(map, NULL, &cursor, keys, values, &n, &opts);
	printf("taken: %d, left: %llu\n", err, count_of(map, SYS_openat));
	for (n = 0; n < 3; n++) {
		keys[n] = 1000 + n;
		values[n] = n * n;
	}
	err = bpf_map_update_batch(map, keys, values, &n, &opts);
	printf("written: %d %u, %llu\n", err, n, count_of(map, 1002));
	n = 2;
	err = bpf_map_delete_batch(map, keys, &n, &opts);
	printf("deleted: %d %u, %llu %llu\n", err, n, count_of(map, 1001), count_of(map, 1002));
	return err;
}

int main(int argc, char **argv)
{
	struct itimerval interval = { { 0, 50000 }, { 0, 50000 } };
	int err, cpus = libbpf_num_possible_cpus();
	struct calls_bpf *skel;
	__u64 *totals, sum = 0, value = 7;
	__u32 zero = 0, one = 1, none = 9;

	common_init();
	signal(SIGALRM, on_tick);
	skel = calls_bpf__open();
	if (!skel)
		return failed("open", errno);
	skel->rodata->only_pid = argc > 1 ? atoi(argv[1]) : 0;
	err = calls_bpf__load(skel);
	if (!err)
		err = calls_bpf__attach(skel);
	if (err)
		goto cleanup;
	printf("%d %ld\n", cpus, sysconf(_SC_NPROCESSORS_CONF));
	totals = calloc(cpus, sizeof(*totals));
	totals[0] = 5;
	err = bpf_map_update_elem(bpf_map__fd(skel->maps.totals), &one, totals, BPF_ANY);
	printf("per CPU: %d", err);
	totals[0] = 0;
	err = bpf_map_lookup_elem(bpf_map__fd(skel->maps.totals), &one, totals);
	printf(", %d, %llu\n", err, (unsigned long long)totals[0]);
	err = bpf_map_update_elem(bpf_map__fd(skel->maps.totals), &none, totals, BPF_ANY);
	printf("too far: %d %s\n", err, strerror(errno));
	err = bpf_map_delete_elem(bpf_map__fd(skel->maps.counts), &none);
	printf("nothing there: %d %d\n", err, errno == ENOENT);
	err = bpf_map__update_elem(skel->maps.counts, &none, sizeof(none), &value, 4, BPF_ANY);
	printf("wrong size: %d\n", err);

	setitimer(ITIMER_REAL, &interval, NULL);
	while (ticks < 3 && !ended)
		pause();
	memset(&interval, 0, sizeof(interval));
	setitimer(ITIMER_REAL, &interval, NULL);
	puts(ticks >= 3 ? "ticked" : "did not tick");
	ready();
	while (!ended)
		sleep(1);
	err = print_counts(bpf_map__fd(skel->maps.counts));
	bpf_program__unload(skel->progs.on_call);
	calls_bpf__detach(skel);
	bpf_map_lookup_elem(bpf_map__fd(skel->maps.totals), &zero, totals);
	for (int i = 0; i < cpus; i++)
		sum += totals[i];
	puts(sum > 10 ? "counted" : "not counted");
	free(totals);
	if (!err)
		err = batches(bpf_map__fd(skel->maps.counts));

cleanup:
	calls_bpf__destroy(skel);
	return err != 0;
}
