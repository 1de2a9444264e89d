/* Calls that wait: a caught signal ends them with -EINTR, also one that came before the call. */
#define _GNU_SOURCE
#include "signals.h"
#include "syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/*
 * Waits until `fd` (-1: none) has one of `events`, the deadline passes, or a caught signal is pending.
 * 1: ready, 0: deadline, -EINTR: signal. UINT64_MAX waits for ever.
 */
static int64_t wait_for(int fd, short events, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd fds[2] = { { fd, events, 0 }, { signals_wake_fd(), POLLIN, 0 } };
		struct timespec left, *timeout = NULL;
		int ready;

		if (signals_pending())
			return -EINTR;
		if (deadline_ns != UINT64_MAX) {
			uint64_t now = now_ns();
			uint64_t ns = deadline_ns > now ? deadline_ns - now : 0;

			left.tv_sec = (time_t)(ns / NS_PER_S);
			left.tv_nsec = (long)(ns % NS_PER_S);
			timeout = &left;
		}
		ready = ppoll(fds, 2, timeout, NULL);
		if (ready < 0 && errno != EINTR)
			return -errno;
		/* A signal that nobody here caught (SIGCHLD, SIGWINCH) does not end the wait. */
		if (ready < 0)
			continue;
		if (fds[1].revents) {
			signals_settle();
			continue;
		}
		return fds[0].revents != 0;
	}
}

int64_t sys_read(int fd, void *into, size_t size)
{
	for (;;) {
		int64_t result = wait_for(fd, POLLIN, UINT64_MAX);

		if (result < 0)
			return result;
		result = answer(read(fd, into, size));
		if (result != -EINTR)
			return result;
	}
}

int64_t sys_sleep(uint64_t ns)
{
	uint64_t now = now_ns();

	return wait_for(-1, 0, ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + ns);
}

int64_t sys_eventfd(uint32_t initial, int flags)
{
	return answer(eventfd(initial, flags | EFD_CLOEXEC));
}

int64_t sys_timerfd_create(int clock, int flags)
{
	return answer(syscall(SYS_timerfd_create, clock, flags | O_CLOEXEC));
}

int64_t sys_timerfd_set(int fd, int flags, const void *value, size_t size, void *old, size_t old_size)
{
	/* struct itimerspec as the kernel has it. */
	enum { SPEC = 32 };

	if ((size != 0 && size != SPEC) || old_size != SPEC)
		return -EINVAL;
	if (size == 0)
		return answer(syscall(SYS_timerfd_gettime, fd, old));
	return answer(syscall(SYS_timerfd_settime, fd, flags, value, old));
}

int64_t sys_epoll_create(void)
{
	return answer(epoll_create1(EPOLL_CLOEXEC));
}

int64_t sys_epoll_ctl(int epfd, int op, int fd, uint32_t events, uint32_t data)
{
	struct epoll_event event = { .events = events, .data = { .u32 = data } };

	return answer(epoll_ctl(epfd, op, fd, &event));
}

/*
 * epoll_wait() until the deadline. What wakes a wait is for that long one of the descriptors of `epfd`: to wait for
 * `epfd` itself would ask perf events twice whether they are ready, who say so only once.
 */
static int64_t wait_for_events(int epfd, struct epoll_event *events, int max, uint64_t deadline_ns)
{
	struct epoll_event wake = { .events = EPOLLIN, .data = { .u64 = UINT64_MAX } };

	for (;;) {
		uint64_t now = now_ns();
		uint64_t ms = deadline_ns > now ? (deadline_ns - now + 999999) / 1000000 : 0;
		bool woken = false;
		int64_t count, kept = 0;
		int added;

		if (signals_pending())
			return -EINTR;
		added = epoll_ctl(epfd, EPOLL_CTL_ADD, signals_wake_fd(), &wake);
		count = answer(epoll_wait(epfd, events, max, deadline_ns == UINT64_MAX ? -1 : (int)ms));
		if (!added)
			epoll_ctl(epfd, EPOLL_CTL_DEL, signals_wake_fd(), &wake);
		for (int64_t i = 0; i < count; i++) {
			if (events[i].data.u64 == UINT64_MAX)
				woken = true;
			else
				events[kept++] = events[i];
		}
		if (woken)
			signals_settle();
		/* A signal that nobody here caught (SIGCHLD, SIGWINCH) does not end the wait. */
		if (kept > 0 || (count < 0 && count != -EINTR))
			return kept > 0 ? kept : count;
		if (count == 0)
			return 0;
	}
}

int64_t sys_epoll_wait(int epfd, void *into, size_t size, int max, int timeout_ms)
{
	struct epoll_event events[64];
	uint32_t *pairs = into;
	int64_t count;

	if (max <= 0 || (size_t)max > size / (2 * sizeof *pairs) || (uintptr_t)into % sizeof *pairs != 0)
		return -EINVAL;
	if (signals_pending())
		return -EINTR;
	if (max > 64)
		max = 64;
	/* While events stream in, one system call is enough. */
	count = answer(epoll_wait(epfd, events, max, 0));
	if (count == 0 && timeout_ms != 0) {
		uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : now_ns() + (uint64_t)timeout_ms * 1000000u;

		count = wait_for_events(epfd, events, max, deadline);
	}
	for (int64_t i = 0; i < count; i++) {
		pairs[2 * i] = events[i].events;
		pairs[2 * i + 1] = events[i].data.u32;
	}
	return count;
}
