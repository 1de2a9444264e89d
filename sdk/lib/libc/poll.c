/* SPDX-License-Identifier: MIT */
/* poll(), which the host does. */
#define _GNU_SOURCE
#include "internal.h"
#include "waiting.h"
#include <bits/system-calls.h>
#include <poll.h>
#include <time.h>

struct polled {
	struct pollfd *first;
	nfds_t count;
};

static int look(const void *what, uint64_t timeout)
{
	const struct polled *polled = what;

	return wb_fd_poll(wb_address(polled->first), (int)polled->count, (uint32_t)timeout,
			  (uint32_t)(timeout >> 32));
}

static int finish(int result)
{
	return (int)__syscall_ret((unsigned long)(long)result);
}

int poll(struct pollfd *first, nfds_t count, int timeout)
{
	return finish(wb_wait_until(look, &(struct polled){ first, count }, wb_timeout(timeout)));
}

int ppoll(struct pollfd *first, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	uint64_t ns = WB_NEVER;

	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec > 999999999)
			return finish(-EINVAL);
		ns = (uint64_t)timeout->tv_sec * 1000000000 + (uint64_t)timeout->tv_nsec;
	}
	return finish(wb_wait_masked(look, &(struct polled){ first, count }, ns, mask));
}
