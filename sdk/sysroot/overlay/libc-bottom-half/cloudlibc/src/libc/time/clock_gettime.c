/* SPDX-License-Identifier: MIT */
#include <bits/system-calls.h>
#include <common/time.h>
#include <errno.h>
#include <time.h>
#include <wasi/api.h>

/*
 * WASI numbers its four clocks as Linux does its first four; others are for
 * the host to know. For waiting, variants of one are that one.
 */
__wasi_clockid_t __wasilibc_clock(clockid_t clock)
{
	switch (clock) {
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return CLOCK_MONOTONIC;
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		return CLOCK_REALTIME;
	default:
		return (__wasi_clockid_t)clock;
	}
}

int __clock_gettime(clockid_t clock, struct timespec *out)
{
	__wasi_timestamp_t now;
	__wasi_errno_t error;

	if (clock > CLOCK_THREAD_CPUTIME_ID)
		return (int)__syscall_ret((unsigned long)__wasm_bpf_SYS_clock_gettime(
			clock, (long)out, 0, 0, 0, 0));
	error = __wasi_clock_time_get(__wasilibc_clock(clock), 1, &now);
	if (error) {
		errno = error;
		return -1;
	}
	*out = timestamp_to_timespec(now);
	return 0;
}

extern __typeof(__clock_gettime) clock_gettime
	__attribute__((weak, alias("__clock_gettime")));
