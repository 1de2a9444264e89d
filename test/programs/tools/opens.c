#define _GNU_SOURCE
/* Files that a process opens: perf buffer with its lost records, alarm, eventfd, error numbers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "common.h"
#include "opens.h"
#include "opens.skel.h"

static volatile sig_atomic_t alarms;
static int wake = -1;

/* Wakes who waits for descriptors also when he has not begun yet. */
static void on_alarm(int number)
{
	(void)number;
	alarms++;
	eventfd_write(wake, 3);
}

static void on_event(void *ctx, int cpu, void *data, __u32 size)
{
	const struct open_event *event = data;

	if (cpu < 0 || size < sizeof(*event))
		abort();
	(*(int *)ctx)++;
	if (event->result < 0)
		printf("%s %s %#o: %s (%d)\n", event->comm, event->file, event->flags,
		       strerror(-event->result), -event->result);
	else
		printf("%s %s %#o%s\n", event->comm, event->file, event->flags,
		       event->flags & O_CLOEXEC ? " closed on exec" : "");
}

static void on_lost(void *ctx, int cpu, __u64 count)
{
	(void)ctx;
	printf("lost %llu on CPU %d\n", (unsigned long long)count, cpu);
}

/* Waits for the records and for the alarm at once. */
static int wait_for_both(struct perf_buffer *events, int timeout_ms)
{
	struct pollfd polled[] = {
		{ .fd = perf_buffer__epoll_fd(events), .events = POLLIN },
		{ .fd = wake, .events = POLLIN },
	};
	eventfd_t woken;
	int err = poll(polled, 2, timeout_ms);

	if (err < 0)
		return -errno;
	if (polled[1].revents && !eventfd_read(wake, &woken))
		printf("woken by %d\n", (int)woken);
	return polled[0].revents ? perf_buffer__consume(events) : 0;
}

int main(int argc, char **argv)
{
	struct perf_buffer *events = NULL;
	struct opens_bpf *skel;
	int err, count = 0;

	common_init();
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake < 0)
		return failed("make a descriptor for events", errno);
	signal(SIGALRM, on_alarm);
	skel = opens_bpf__open();
	if (!skel)
		return failed("open", errno);
	skel->rodata->only_pid = argc > 1 ? atoi(argv[1]) : 0;
	err = opens_bpf__load(skel);
	if (!err)
		err = opens_bpf__attach(skel);
	if (err) {
		failed("load and attach", err);
		goto cleanup;
	}
	events = perf_buffer__new(bpf_map__fd(skel->maps.events), 16, on_event, on_lost, &count, NULL);
	if (!events) {
		err = failed("open the perf buffer", -errno);
		goto cleanup;
	}
	/* An alarm interrupts a wait without an end. */
	alarm(1);
	do
		err = perf_buffer__poll(events, -1);
	while (!alarms && !ended && (err >= 0 || err == -EINTR));
	printf("%d: %d alarm\n", err, (int)alarms);
	err = wait_for_both(events, -1);
	if (err >= 0)
		ready();
	while (!ended) {
		err = wait_for_both(events, 100);
		if (err < 0 && err != -EINTR)
			break;
	}
	err = perf_buffer__consume(events);
	printf("%d opened, %s\n", count, perf_buffer__epoll_fd(events) >= 0 ? "waited" : "not waited");

cleanup:
	perf_buffer__free(events);
	opens_bpf__destroy(skel);
	return err < 0;
}
