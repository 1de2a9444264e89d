/* SPDX-License-Identifier: MIT */
/* Descriptors that are the guest's own: counters, timers, pipes, pairs of sockets; and their numbers. */
#define _GNU_SOURCE
#include "companion.h"
#include "internal.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <sys/socket.h>

long __wasm_bpf_SYS_eventfd2(long initial, long flags, long c, long d, long e, long f)
{
	return wb_fd_event((uint32_t)initial, (int)flags);
}

long __wasm_bpf_SYS_eventfd(long initial, long b, long c, long d, long e, long f)
{
	return wb_fd_event((uint32_t)initial, 0);
}

long __wasm_bpf_SYS_timerfd_create(long clock, long flags, long c, long d, long e, long f)
{
	return wb_fd_timer((int)clock, (int)flags);
}

long __wasm_bpf_SYS_timerfd_settime(long fd, long flags, long new, long old, long e, long f)
{
	return new ? wb_fd_timer_set((int)fd, (int)flags, (uint32_t)new, (uint32_t)old) : -EFAULT;
}

long __wasm_bpf_SYS_timerfd_gettime(long fd, long current, long c, long d, long e, long f)
{
	return wb_fd_timer_set((int)fd, 0, 0, (uint32_t)current);
}

long __wasm_bpf_SYS_pipe2(long ends, long flags, long c, long d, long e, long f)
{
	return wb_fd_pipe((uint32_t)ends, (int)flags);
}

long __wasm_bpf_SYS_pipe(long ends, long b, long c, long d, long e, long f)
{
	return wb_fd_pipe((uint32_t)ends, 0);
}

long __wasm_bpf_SYS_socketpair(long family, long type, long protocol, long ends, long e, long f)
{
	if (family != AF_UNIX)
		return family == AF_INET || family == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT;
	return wb_fd_pair((int)type, (int)protocol, (uint32_t)ends);
}

long __wasm_bpf_SYS_dup(long fd, long b, long c, long d, long e, long f)
{
	return wb_companion_dup((int)fd, 0, WB_DUP_LOWEST, 0);
}

long __wasm_bpf_SYS_dup2(long fd, long to, long c, long d, long e, long f)
{
	return wb_companion_dup((int)fd, (int)to, WB_DUP_EXACT, 0);
}

long __wasm_bpf_SYS_dup3(long fd, long to, long flags, long d, long e, long f)
{
	return fd == to ? -EINVAL : wb_companion_dup((int)fd, (int)to, WB_DUP_EXACT, (int)flags);
}
