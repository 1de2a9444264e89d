/* SPDX-License-Identifier: MIT */
/* poll(), which the host does; signals that have no handler do not end it. */
#define _GNU_SOURCE
#include "internal.h"
#include "signals.h"
#include <poll.h>
#include <signal.h>
#include <time.h>

#define NEVER UINT64_MAX

extern __typeof(sigprocmask) sigprocmask __attribute__((weak));

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int poll_until(struct pollfd *polled, nfds_t count, uint64_t timeout)
{
	uint64_t end = timeout == NEVER || !timeout ? timeout : now_ns() + timeout;
	int result;

	for (;;) {
		wb_run_pending_signals();
		result = wb_fd_poll(wb_address(polled), (int)count, (uint32_t)timeout,
				    (uint32_t)(timeout >> 32));
		if (result != -EINTR || wb_signals_were_handled())
			break;
		if (timeout && timeout != NEVER) {
			uint64_t now = now_ns();

			timeout = now < end ? end - now : 0;
		}
	}
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

int poll(struct pollfd *polled, nfds_t count, int timeout)
{
	return poll_until(polled, count, timeout < 0 ? NEVER : (uint64_t)timeout * 1000000);
}

/* What is ready goes before a signal that the mask lets through. */
static int poll_masked(struct pollfd *polled, nfds_t count, uint64_t timeout, const sigset_t *mask)
{
	unsigned handled = wb_handled_signals();
	int result = poll_until(polled, count, 0), error;
	sigset_t before;

	if (result || !timeout)
		return result;
	sigprocmask(SIG_SETMASK, mask, &before);
	if (wb_handled_signals() != handled) {
		result = -1;
		errno = EINTR;
	} else {
		result = poll_until(polled, count, timeout);
	}
	error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return result;
}

int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	uint64_t ns = NEVER;

	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec > 999999999) {
			errno = EINVAL;
			return -1;
		}
		ns = (uint64_t)timeout->tv_sec * 1000000000 + (uint64_t)timeout->tv_nsec;
	}
	/* NB: a program without handlers blocks nothing. */
	return mask && sigprocmask ? poll_masked(polled, count, ns, mask) : poll_until(polled, count, ns);
}
