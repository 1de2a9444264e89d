/* SPDX-License-Identifier: MIT */
/* epoll, over poll(). Its descriptors are the library's own, of numbers that the host does not give. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <wasi/api.h>

#define FIRST 0x40000000
#define MOST 64

struct watched {
	int fd;
	struct epoll_event wanted;
	int disarmed; /* EPOLLONESHOT has happened */
};

static struct instance {
	struct watched *watched;
	int count;
	int next; /* the first to be reported: all get their turn */
} *instances[MOST];

static struct instance *find(long fd)
{
	return fd >= FIRST && fd < FIRST + MOST ? instances[fd - FIRST] : NULL;
}

long __wasm_bpf_SYS_epoll_create1(long flags, long b, long c, long d, long e, long f)
{
	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	for (int i = 0; i < MOST; i++) {
		if (instances[i])
			continue;
		instances[i] = calloc(1, sizeof(**instances));
		return instances[i] ? FIRST + i : -ENOMEM;
	}
	return -EMFILE;
}

static int close_instance(int fd)
{
	struct instance *instance = find(fd);

	if (!instance)
		return EBADF;
	free(instance->watched);
	free(instance);
	instances[fd - FIRST] = NULL;
	return 0;
}

/* close() that knows them. */
int close(int fd)
{
	__wasi_errno_t error = (__wasi_errno_t)(fd >= FIRST ? close_instance(fd) : __wasi_fd_close(fd));

	if (!error)
		return 0;
	errno = error;
	return -1;
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

	if (!instance || __wasi_fd_fdstat_get((int)fd, &status))
		return -EBADF;
	place = find_watched(instance, fd);
	switch (operation) {
	case EPOLL_CTL_ADD:
		if (place >= 0)
			return -EEXIST;
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
		polled[i].events = (short)(events_of & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM));
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
