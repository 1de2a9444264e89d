/* SPDX-License-Identifier: MIT */
/* Sleeps that a signal ends: EINTR, and the time that was left. */
#include <common/time.h>
#include <errno.h>
#include <time.h>
#include <wasi/api.h>

__wasi_clockid_t __wasilibc_clock(clockid_t clock);

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted,
		    struct timespec *left)
{
	__wasi_subscription_t subscription = {
		.u.tag = __WASI_EVENTTYPE_CLOCK,
		.u.u.clock.id = __wasilibc_clock(clock),
	};
	__wasi_timestamp_t start = 0, now = 0, timeout;
	__wasi_errno_t error;
	__wasi_event_t event;
	size_t events;

	if (flags & ~TIMER_ABSTIME)
		return EINVAL;
	if (flags & TIMER_ABSTIME)
		subscription.u.u.clock.flags =
			__WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME;
	if (wanted->tv_sec < 0 || !timespec_to_timestamp_clamp(wanted, &timeout))
		return EINVAL;
	subscription.u.u.clock.timeout = timeout;
	if (left && !flags)
		__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &start);
	error = __wasi_poll_oneoff(&subscription, &event, 1, &events);
	if (!error && events)
		error = event.error;
	if (error == EINTR && left && !flags) {
		__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now);
		*left = timestamp_to_timespec(
			now - start < timeout ? timeout - (now - start) : 0);
	}
	return error;
}
