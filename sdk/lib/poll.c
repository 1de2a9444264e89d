/* SPDX-License-Identifier: MIT */
/* poll() over WASI's poll_oneoff, with Linux's meaning of events and timeouts. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

#define READABLE (POLLIN | POLLRDNORM)
#define WRITABLE (POLLOUT | POLLWRNORM)

static size_t subscribe(__wasi_subscription_t *wanted, const struct pollfd *polled, size_t index)
{
	size_t count = 0;

	/* NB: also without events, since errors and the end are always reported. */
	if ((polled->events & READABLE) || !(polled->events & WRITABLE))
		wanted[count++] = (__wasi_subscription_t){
			.userdata = index,
			.u = { .tag = __WASI_EVENTTYPE_FD_READ,
			       .u.fd_read.file_descriptor = polled->fd },
		};
	if (polled->events & WRITABLE)
		wanted[count++] = (__wasi_subscription_t){
			.userdata = index,
			.u = { .tag = __WASI_EVENTTYPE_FD_WRITE,
			       .u.fd_write.file_descriptor = polled->fd },
		};
	return count;
}

static short meaning(const __wasi_event_t *event, short events)
{
	short result = 0;

	if (event->error == EBADF)
		return POLLNVAL;
	if (event->error == EPIPE)
		return POLLHUP;
	if (event->error)
		return POLLERR;
	if (event->type == __WASI_EVENTTYPE_FD_READ)
		result = events & READABLE;
	else
		result = events & WRITABLE;
	if (event->fd_readwrite.flags & __WASI_EVENTRWFLAGS_FD_READWRITE_HANGUP)
		result = (short)((result & ~WRITABLE) | POLLHUP);
	return result;
}

/* A timeout in nanoseconds; negative: none. */
static int poll_until(struct pollfd *polled, nfds_t count, long timeout)
{
	__wasi_subscription_t *wanted = calloc(2 * count + 1, sizeof(*wanted));
	__wasi_event_t *events = calloc(2 * count + 1, sizeof(*events));
	size_t subscriptions = 0, happened = 0;
	__wasi_errno_t error = 0;
	int ready = 0;

	if (!wanted || !events) {
		error = ENOMEM;
		goto done;
	}
	for (nfds_t i = 0; i < count; i++) {
		polled[i].revents = 0;
		if (polled[i].fd >= 0)
			subscriptions += subscribe(wanted + subscriptions, &polled[i], i);
	}
	if (timeout >= 0)
		wanted[subscriptions++] = (__wasi_subscription_t){
			.u = { .tag = __WASI_EVENTTYPE_CLOCK,
			       .u.clock = { .id = __WASI_CLOCKID_MONOTONIC,
					    .timeout = (__wasi_timestamp_t)timeout } },
		};
	if (!subscriptions) {
		pause();
		error = EINTR;
		goto done;
	}
	error = __wasi_poll_oneoff(wanted, events, (__wasi_size_t)subscriptions, &happened);
	for (size_t i = 0; !error && i < happened; i++) {
		struct pollfd *one;

		if (events[i].error == EINTR)
			error = EINTR;
		if (error || events[i].type == __WASI_EVENTTYPE_CLOCK)
			continue;
		one = &polled[events[i].userdata];
		ready -= one->revents != 0;
		one->revents |= meaning(&events[i], one->events);
		ready += one->revents != 0;
	}
done:
	free(wanted);
	free(events);
	if (error) {
		errno = error;
		return -1;
	}
	return ready;
}

int poll(struct pollfd *polled, nfds_t count, int timeout)
{
	return poll_until(polled, count, timeout < 0 ? -1 : timeout * 1000000L);
}

int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
	  const sigset_t *mask)
{
	sigset_t before;
	int result, error;

	if (mask)
		sigprocmask(SIG_SETMASK, mask, &before);
	result = poll_until(polled, count,
			    timeout ? timeout->tv_sec * 1000000000L + timeout->tv_nsec : -1);
	if (!mask)
		return result;
	error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return result;
}
