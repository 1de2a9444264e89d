/* SPDX-License-Identifier: MIT */
/* epoll, the kernel's. */
#define _GNU_SOURCE
#include "internal.h"
#include "waiting.h"
#include <bits/system-calls.h>
#include <sys/epoll.h>

_Static_assert(sizeof(struct epoll_event) == 12, "struct epoll_event of x86-64");

long __wasm_bpf_SYS_epoll_create1(long flags, long b, long c, long d, long e, long f)
{
	return wb_fd_epoll((int)flags);
}

long __wasm_bpf_SYS_epoll_ctl(long epoll, long operation, long fd, long event, long e, long f)
{
	return wb_fd_epoll_ctl((int)epoll, (int)operation, (int)fd, (uint32_t)event);
}

struct waited {
	int epoll;
	uint32_t events;
	int most;
};

static int look(const void *what, uint64_t timeout)
{
	const struct waited *waited = what;

	return wb_fd_epoll_wait(waited->epoll, waited->events, waited->most, (uint32_t)timeout,
				(uint32_t)(timeout >> 32));
}

/* epoll_wait() and epoll_pwait() end in it. */
long __wasm_bpf_SYS_epoll_pwait(long epoll, long events, long most, long timeout, long mask, long size)
{
	struct waited waited = { (int)epoll, (uint32_t)events, (int)most };

	return wb_wait_masked(look, &waited, wb_timeout((int)timeout), (const sigset_t *)mask);
}
