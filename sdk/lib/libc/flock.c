/* SPDX-License-Identifier: MIT */
/* flock(). */
#define _GNU_SOURCE
#include "internal.h"
#include "signals.h"
#include <bits/system-calls.h>

long __wasm_bpf_SYS_flock(long fd, long operation, long c, long d, long e, long f)
{
	int result;

	do
		result = wb_fd_lock((int)fd, (int)operation);
	while (result == -EINTR && wb_signals_let_restart());
	return result;
}
