/* SPDX-License-Identifier: MIT */
/* Waits that only signals with a handler end. */
#define _GNU_SOURCE
#include "waiting.h"
#include "internal.h"
#include "signals.h"
#include <time.h>

extern __typeof(sigprocmask) sigprocmask __attribute__((weak));

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int wb_wait_until(wb_look_fn look, const void *what, uint64_t timeout)
{
	uint64_t end = timeout == WB_NEVER || !timeout ? timeout : now_ns() + timeout;
	int result;

	for (;;) {
		wb_run_pending_signals();
		result = look(what, timeout);
		if (result != -EINTR || wb_signals_were_handled())
			return result;
		if (timeout && timeout != WB_NEVER) {
			uint64_t now = now_ns();

			timeout = now < end ? end - now : 0;
		}
	}
}

int wb_wait_masked(wb_look_fn look, const void *what, uint64_t timeout, const sigset_t *mask)
{
	unsigned handled = wb_handled_signals();
	sigset_t before;
	int result;

	/* NB: a program without handlers blocks nothing. */
	if (!mask || !sigprocmask)
		return wb_wait_until(look, what, timeout);
	result = wb_wait_until(look, what, 0);
	if (result || !timeout)
		return result;
	sigprocmask(SIG_SETMASK, mask, &before);
	result = wb_handled_signals() == handled ? wb_wait_until(look, what, timeout) : -EINTR;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
