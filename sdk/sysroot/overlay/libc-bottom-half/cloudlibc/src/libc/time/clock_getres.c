/* SPDX-License-Identifier: MIT */
#include <common/time.h>
#include <errno.h>
#include <time.h>
#include <wasi/api.h>

__wasi_clockid_t __wasilibc_clock(clockid_t clock);

int clock_getres(clockid_t clock, struct timespec *out)
{
	__wasi_timestamp_t resolution;
	__wasi_errno_t error =
		__wasi_clock_res_get(__wasilibc_clock(clock), &resolution);

	if (error) {
		errno = error;
		return -1;
	}
	if (out)
		*out = timestamp_to_timespec(resolution);
	return 0;
}
