/* Where a process spends its time: perf_event_open by syscall(), stack traces; the process is its own. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"
#include "samples.skel.h"

#define MOST_CPUS 256

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_freq = 99,
		.freq = 1,
	};

	return (int)syscall(__NR_perf_event_open, &attr, -1, cpu, -1, 0);
}

int main(void)
{
	int err = 0, cpus = libbpf_num_possible_cpus();
	struct bpf_link *links[MOST_CPUS] = {};
	struct samples_bpf *skel;
	__u64 addresses[16] = {};
	volatile unsigned long work = 0;
	volatile unsigned long long *samples;

	common_init();
	skel = samples_bpf__open();
	if (!skel)
		return failed("open", errno);
	skel->rodata->only_pid = getpid();
	err = samples_bpf__load(skel);
	for (int cpu = 0; !err && cpu < cpus && cpu < MOST_CPUS; cpu++) {
		int fd = open_event(cpu);

		if (fd < 0) {
			/* A CPU that is switched off. */
			if (errno == ENODEV)
				continue;
			err = failed("open the event", -errno);
			break;
		}
		links[cpu] = bpf_program__attach_perf_event(skel->progs.on_sample, fd);
		if (!links[cpu]) {
			err = failed("attach", -errno);
			close(fd);
		}
	}
	if (syscall(__NR_perf_event_open, NULL, -1, 0, -1, 0) < 0)
		printf("wrong event: %s\n", strerror(errno));
	samples = &skel->bss->samples;
	while (!ended && !err && *samples < 5)
		for (int i = 0; i < 100000; i++)
			work += i;
	ready();
	printf("%s\n", *samples >= 5 ? "enough samples" : "too few samples");
	err = bpf_map_lookup_elem(bpf_map__fd(skel->maps.stacks), &skel->bss->stack, addresses);
	printf("%d, %s\n", err, addresses[0] ? "with a stack" : "without a stack");
	for (int cpu = 0; cpu < MOST_CPUS; cpu++)
		bpf_link__destroy(links[cpu]);
	samples_bpf__destroy(skel);
	while (!ended)
		pause();
	return err != 0;
}
