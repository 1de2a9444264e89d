/* Loops of a program's own around buffers of records, and epoll as the kernel has it. Has to run on CPU 0 only. */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "loops.skel.h"

#define LONG 60000

/* What a call gives, and the error when it failed. */
static long shown(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	return result;
}
#define SHOW(call) shown(#call, (long)(call))

static long control(int epoll, int operation, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(epoll, operation, fd, &event);
}
#define ADD(epoll, fd, events, data) \
	shown("add " #fd " to " #epoll ": " #events " " #data, control(epoll, EPOLL_CTL_ADD, fd, events, data))
#define MOD(epoll, fd, events, data) \
	shown("change " #fd " in " #epoll ": " #events " " #data, control(epoll, EPOLL_CTL_MOD, fd, events, data))

/* Waits and prints what is ready, by what the program calls it. */
static int ready(int epoll, int timeout)
{
	struct epoll_event events[8];
	int count = epoll_wait(epoll, events, 8, timeout);

	printf("ready %d", count);
	for (uint64_t data = 0; data < 200; data++)
		for (int i = 0; i < count; i++)
			if (events[i].data.u64 == data)
				printf(" %llu/%x", (unsigned long long)data, events[i].events);
	printf("%s%s\n", count < 0 ? " " : "", count < 0 ? strerror(errno) : "");
	return count;
}

static int polled(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	int count = poll(&one, 1, 0);

	return count < 0 ? -1 : one.revents;
}

static int selected(int fd)
{
	struct timeval now = { 0, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &now);
}

/* ---- Buffers ---- */

static int taken;

static int take(void *context, void *data, size_t size)
{
	taken++;
	return 0;
}

static void take_sample(void *context, int cpu, void *data, __u32 size)
{
	taken++;
}

static void emit(const struct bpf_program *program)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts) || opts.retval)
		printf("no record\n");
}

/* A timer makes records, which the loop takes as they come. */
static void loop_of(int epoll, const struct bpf_program *program, uint64_t buffer, void (*consume)(void *), void *what)
{
	struct itimerspec every = { { 0, 2000000 }, { 0, 2000000 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), made = 0;
	uint64_t count;

	ADD(epoll, timer, EPOLLIN, 100);
	timerfd_settime(timer, 0, &every, NULL);
	taken = 0;
	while (taken < 5) {
		struct epoll_event event;

		if (epoll_wait(epoll, &event, 1, LONG) != 1)
			break;
		if (event.data.u64 == buffer)
			consume(what);
		else if (read(timer, &count, sizeof(count)) > 0 && made < 5)
			emit(program), made++;
	}
	printf("made %d, taken %d\n", made, taken);
	close(timer);
	ready(epoll, 0);
}

static void consume_ring(void *rb)
{
	ring_buffer__consume(rb);
}

static void consume_events(void *pb)
{
	perf_buffer__consume(pb);
}

static void rings(struct loops *skel)
{
	int map = bpf_map__fd(skel->maps.ring), epoll = epoll_create1(0), fd;
	struct ring_buffer *rb = ring_buffer__new(map, take, NULL, NULL);

	fd = ring_buffer__epoll_fd(rb);
	ADD(epoll, fd, EPOLLIN, 1);
	ADD(epoll, map, EPOLLIN, 2);
	ready(epoll, 0);
	emit(skel->progs.to_ring);
	ready(epoll, LONG);
	printf("%x %x %d %d %x\n", polled(fd), polled(map), selected(fd), selected(map), polled(epoll));
	ready(epoll, 0);
	SHOW(ring_buffer__consume(rb));
	ready(epoll, 0);
	printf("%x %x %d %d %x\n", polled(fd), polled(map), selected(fd), selected(map), polled(epoll));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, map, NULL));
	loop_of(epoll, skel->progs.to_ring, 1, consume_ring, rb);
	MOD(epoll, fd, EPOLLIN | EPOLLET, 3);
	for (int i = 0; i < 2; i++) {
		emit(skel->progs.to_ring);
		ready(epoll, LONG);
		ready(epoll, 0);
		SHOW(ring_buffer__poll(rb, 0));
	}
	ring_buffer__free(rb);
	ready(epoll, 0);
	ADD(epoll, bpf_map__fd(skel->maps.bss), EPOLLIN, 4);
	ADD(epoll, bpf_program__fd(skel->progs.to_ring), EPOLLIN, 5);
	ready(epoll, 0);
	close(epoll);
}

static void perf(struct loops *skel)
{
	struct perf_buffer *pb = perf_buffer__new(bpf_map__fd(skel->maps.events), 8, take_sample, NULL, NULL, NULL);
	int epoll = epoll_create1(0), one = epoll_create1(0), fd = perf_buffer__epoll_fd(pb);

	ADD(epoll, fd, EPOLLIN, 1);
	ready(epoll, 0);
	emit(skel->progs.to_events);
	ready(epoll, LONG);
	SHOW(perf_buffer__consume(pb));
	ready(epoll, 0);
	loop_of(epoll, skel->progs.to_events, 1, consume_events, pb);
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
	/* The ring of one CPU. */
	fd = perf_buffer__buffer_fd(pb, 0);
	ADD(one, fd, EPOLLIN | EPOLLET, 2);
	ready(one, 0);
	emit(skel->progs.to_events);
	ready(one, LONG);
	ready(one, 0);
	SHOW(perf_buffer__consume_buffer(pb, 0));
	loop_of(one, skel->progs.to_events, 2, consume_events, pb);
	emit(skel->progs.to_events);
	SHOW(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, LONG));
	SHOW(perf_buffer__consume(pb));
	SHOW(polled(fd));
	perf_buffer__free(pb);
	close(epoll);
	close(one);
}

/* ---- epoll ---- */

static void edges(void)
{
	int epoll = epoll_create1(0), event = eventfd(0, EFD_NONBLOCK), ends[2];
	char bytes[8];

	pipe2(ends, O_NONBLOCK);
	ADD(epoll, ends[0], EPOLLIN | EPOLLET, 1);
	ADD(epoll, event, EPOLLIN | EPOLLOUT | EPOLLET, 2);
	ready(epoll, 0);
	ready(epoll, 0);
	write(ends[1], "abc", 3);
	ready(epoll, LONG);
	ready(epoll, 0);
	printf("%x\n", polled(epoll));
	read(ends[0], bytes, 1);
	ready(epoll, 0);
	write(ends[1], "d", 1);
	ready(epoll, LONG);
	/* Set again, it is told again. */
	MOD(epoll, ends[0], EPOLLIN | EPOLLET, 3);
	ready(epoll, 0);
	ready(epoll, 0);
	eventfd_write(event, 1);
	ready(epoll, LONG);
	eventfd_write(event, 1);
	ready(epoll, LONG);
	ready(epoll, 0);
	MOD(epoll, event, EPOLLIN | EPOLLONESHOT, 4);
	ready(epoll, 0);
	ready(epoll, 0);
	eventfd_write(event, 1);
	ready(epoll, 0);
	MOD(epoll, event, EPOLLIN | EPOLLONESHOT | EPOLLET, 5);
	ready(epoll, 0);
	ready(epoll, 0);
	close(ends[1]);
	ready(epoll, LONG);
	ready(epoll, 0);
	close(ends[0]);
	close(event);
	close(epoll);
}

static void exclusive(void)
{
	int epoll = epoll_create1(0), inner = epoll_create1(0), event = eventfd(1, 0);

	ADD(epoll, event, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1);
	ADD(epoll, event, EPOLLIN | EPOLLEXCLUSIVE | EPOLLPRI, 1);
	ADD(epoll, inner, EPOLLIN | EPOLLEXCLUSIVE, 1);
	ADD(epoll, event, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP, 1);
	ready(epoll, 0);
	ready(epoll, 0);
	MOD(epoll, event, EPOLLIN, 1);
	MOD(epoll, event, EPOLLIN | EPOLLEXCLUSIVE, 1);
	ADD(epoll, event, EPOLLIN, 1);
	close(event);
	close(inner);
	close(epoll);
}

static void nested(void)
{
	int outer = epoll_create1(0), inner = SHOW(epoll_create1(EPOLL_CLOEXEC)), event = eventfd(0, 0);
	char bytes[8];
	int copy;

	printf("%d %d\n", fcntl(inner, F_GETFD), fcntl(inner, F_GETFL));
	SHOW(read(inner, bytes, sizeof(bytes)));
	SHOW(write(inner, bytes, sizeof(bytes)));
	SHOW(epoll_create1(1));
	ADD(outer, inner, EPOLLIN | EPOLLET, 1);
	ADD(inner, event, EPOLLIN, 2);
	printf("%x %d\n", polled(inner), selected(inner));
	ready(outer, 0);
	eventfd_write(event, 1);
	printf("%x %d %x %d\n", polled(inner), selected(inner), polled(outer), selected(outer));
	ready(outer, LONG);
	ready(outer, 0);
	ready(inner, 0);
	/* Round in circles, and one in itself under another number. */
	ADD(inner, outer, EPOLLIN, 3);
	copy = dup(outer);
	ADD(outer, copy, EPOLLIN, 4);
	ADD(outer, event, EPOLLIN, 5);
	close(event);
	ready(outer, 0);
	printf("%x\n", polled(inner));
	close(inner);
	close(outer);
	ready(copy, 0);
	close(copy);
}

static void numbers(void)
{
	int epoll = epoll_create1(0), event = eventfd(1, 0), copy = dup(event), file = open("/dev/null", O_RDWR), other;

	ADD(epoll, event, EPOLLIN, 1);
	ADD(epoll, copy, EPOLLIN, 2);
	ready(epoll, 0);
	MOD(epoll, copy, EPOLLIN, 3);
	/* Another number is left: it goes on being told of. */
	close(event);
	ready(epoll, 0);
	other = dup(file);
	printf("%d\n", other == event);
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, other, NULL));
	ADD(epoll, other, EPOLLIN, 4);
	close(copy);
	ready(epoll, 0);
	ADD(epoll, 99, EPOLLIN, 1);
	MOD(99, file, EPOLLIN, 1);
	ADD(file, 0, EPOLLIN, 1);
	SHOW(control(epoll, 7, 0, EPOLLIN, 1));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, epoll, NULL));
	SHOW(epoll_wait(epoll, NULL, 0, 0));
	SHOW(epoll_wait(epoll, NULL, -1, 0));
	SHOW(epoll_wait(file, (struct epoll_event[1]){ 0 }, 1, 0));
	SHOW(epoll_wait(99, (struct epoll_event[1]){ 0 }, 1, 0));
	other = open(".", O_RDONLY | O_DIRECTORY);
	ADD(epoll, other, EPOLLIN, 1);
	close(other);
	close(file);
	close(epoll);
}

static void on_alarm(int signal)
{
}

static void interrupted(void)
{
	int epoll = epoll_create1(0), inner = epoll_create1(0), event = eventfd(0, 0);
	struct itimerval soon = { { 0, 20000 }, { 0, 5000 } };
	struct epoll_event got;
	sigset_t set, none;

	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	ADD(epoll, inner, EPOLLIN, 1);
	ADD(inner, event, EPOLLIN, 2);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &soon, NULL);
	ready(epoll, LONG);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready(epoll, 50);
	SHOW(epoll_pwait(epoll, &got, 1, LONG, &none));
	/* What is ready goes first. */
	eventfd_write(event, 1);
	raise(SIGALRM);
	SHOW(epoll_pwait(epoll, &got, 1, LONG, &none));
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close(epoll);
	close(inner);
	close(event);
}

int main(void)
{
	struct loops *skel = loops__open_and_load();

	if (!skel)
		return 1;
	printf("--- rings\n");
	rings(skel);
	printf("--- perf\n");
	perf(skel);
	loops__destroy(skel);
	for (int i = 3; i < 20; i++)
		close(i);
	printf("--- edges\n");
	edges();
	printf("--- exclusive\n");
	exclusive();
	printf("--- nested\n");
	nested();
	printf("--- numbers\n");
	numbers();
	printf("--- interrupted\n");
	interrupted();
	return 0;
}
