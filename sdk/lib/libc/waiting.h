/* SPDX-License-Identifier: MIT */
/* Waiting for descriptors: poll(), epoll_wait() and their likes with a mask of signals. */
#ifndef WASM_BPF_WAITING_H
#define WASM_BPF_WAITING_H

#include <signal.h>
#include <stdint.h>

#define WB_NEVER UINT64_MAX

/** Milliseconds as of poll(), in nanoseconds. */
static inline uint64_t wb_timeout(int ms)
{
	return ms < 0 ? WB_NEVER : (uint64_t)ms * 1000000;
}

/** How many are ready after at most `timeout` nanoseconds, or -errno: -EINTR when a handler has run. */
typedef int (*wb_look_fn)(const void *what, uint64_t timeout);

/** Looks again as long as it ends with a signal that has no handler. */
int wb_wait_until(wb_look_fn look, const void *what, uint64_t timeout);

/** The same with another mask of signals, or NULL. What is ready goes before a signal that the mask lets through. */
int wb_wait_masked(wb_look_fn look, const void *what, uint64_t timeout, const sigset_t *mask);

#endif
