/* SPDX-License-Identifier: MIT */
/* epoll, over poll(). */
#define _GNU_SOURCE
#include "companion.h"
#include "internal.h"
#include <bits/system-calls.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <wasi/api.h>

/* Of those of epoll, what poll() knows: the numbers are the same. */
#define EVENTS (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND | EPOLLRDHUP)

struct watched {
	int fd;
	struct epoll_event wanted;
	int disarmed; /* EPOLLONESHOT has happened */
};

struct instance {
	struct wb_companion companion;
	struct watched *watched;
	int count;
	int next; /* the first to be reported: all get their turn */
};

static void end_instance(struct wb_companion *companion)
{
	struct instance *instance = (struct instance *)companion;

	free(instance->watched);
	free(instance);
}

static struct instance *find(long fd)
{
	return (struct instance *)wb_companion_of((int)fd, end_instance);
}

/* The host's descriptor is there for the number alone: never ready, and reading it does not wait. */
long __wasm_bpf_SYS_epoll_create1(long flags, long b, long c, long d, long e, long f)
{
	struct instance *instance;
	int fd;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	instance = calloc(1, sizeof(*instance));
	if (!instance)
		return -ENOMEM;
	fd = wb_fd_event(0, (int)flags | EFD_NONBLOCK);
	if (fd >= 0 && !wb_companion_add(&instance->companion, fd, end_instance))
		return fd;
	free(instance);
	if (fd < 0)
		return fd;
	close(fd);
	return -ENOMEM;
}

static int find_watched(const struct instance *instance, long fd)
{
	for (int i = 0; i < instance->count; i++)
		if (instance->watched[i].fd == fd)
			return i;
	return -1;
}

long __wasm_bpf_SYS_epoll_ctl(long epoll, long operation, long fd, long event_at, long e, long f)
{
	const struct epoll_event *event = (const struct epoll_event *)event_at;
	struct instance *instance = find(epoll);
	struct watched *watched;
	__wasi_fdstat_t status;
	int place;

	if (__wasi_fd_fdstat_get((int)epoll, &status) || __wasi_fd_fdstat_get((int)fd, &status))
		return -EBADF;
	if (!instance || epoll == fd)
		return -EINVAL;
	place = find_watched(instance, fd);
	switch (operation) {
	case EPOLL_CTL_ADD:
		if (place >= 0)
			return -EEXIST;
		if (status.fs_filetype == __WASI_FILETYPE_REGULAR_FILE ||
		    status.fs_filetype == __WASI_FILETYPE_DIRECTORY)
			return -EPERM;
		watched = realloc(instance->watched, (size_t)(instance->count + 1) * sizeof(*watched));
		if (!watched)
			return -ENOMEM;
		instance->watched = watched;
		watched[instance->count++] = (struct watched){ (int)fd, *event, 0 };
		return 0;
	case EPOLL_CTL_MOD:
		if (place < 0)
			return -ENOENT;
		instance->watched[place] = (struct watched){ (int)fd, *event, 0 };
		return 0;
	case EPOLL_CTL_DEL:
		if (place < 0)
			return -ENOENT;
		instance->watched[place] = instance->watched[--instance->count];
		return 0;
	default:
		return -EINVAL;
	}
}

static long wait_for(struct instance *instance, struct epoll_event *events, int most, int timeout)
{
	struct pollfd *polled = calloc((size_t)instance->count + 1, sizeof(*polled));
	int found, reported = 0;

	if (!polled)
		return -ENOMEM;
	for (int i = 0; i < instance->count; i++) {
		const struct watched *one = &instance->watched[i];
		uint32_t events_of = one->wanted.events;

		/* NB: also the edge-triggered are reported as long as they are ready. */
		polled[i].fd = one->disarmed ? -1 : one->fd;
		polled[i].events = (short)(events_of & EVENTS);
	}
	found = poll(polled, (nfds_t)instance->count, timeout);
	if (found < 0) {
		free(polled);
		return -errno;
	}
	for (int i = 0; i < instance->count && reported < most; i++) {
		int place = (instance->next + i) % instance->count;
		struct watched *one = &instance->watched[place];

		/* Closed ones are no longer watched. */
		if (!polled[place].revents || (polled[place].revents & POLLNVAL))
			continue;
		events[reported].events = (uint32_t)polled[place].revents;
		events[reported++].data = one->wanted.data;
		one->disarmed = !!(one->wanted.events & EPOLLONESHOT);
	}
	if (instance->count)
		instance->next = (instance->next + reported) % instance->count;
	free(polled);
	return reported;
}

/* epoll_wait() and epoll_pwait() end in it. */
long __wasm_bpf_SYS_epoll_pwait(long epoll, long events, long most, long timeout, long mask, long size)
{
	struct instance *instance = find(epoll);
	sigset_t before;
	long result;

	if (!instance)
		return -EBADF;
	if (most <= 0)
		return -EINVAL;
	if (mask)
		sigprocmask(SIG_SETMASK, (const sigset_t *)mask, &before);
	result = wait_for(instance, (struct epoll_event *)events, (int)most, (int)timeout);
	if (mask)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
