/* SPDX-License-Identifier: MIT */
/* ioctl(), perf events and network interfaces. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wasi/api.h>

static int refuse(int error)
{
	errno = error;
	return -1;
}

static int readable_bytes(int fd)
{
	__wasi_subscription_t wanted[2] = {
		{ .u = { .tag = __WASI_EVENTTYPE_FD_READ, .u.fd_read.file_descriptor = fd } },
		{ .u = { .tag = __WASI_EVENTTYPE_CLOCK, .u.clock.id = __WASI_CLOCKID_MONOTONIC } },
	};
	__wasi_event_t events[2];
	size_t count = 0;
	__wasi_errno_t error = __wasi_poll_oneoff(wanted, events, 2, &count);

	for (size_t i = 0; !error && i < count; i++) {
		if (events[i].type != __WASI_EVENTTYPE_FD_READ)
			continue;
		error = events[i].error;
		if (!error)
			return (int)events[i].fd_readwrite.nbytes;
	}
	return error ? refuse(error) : 0;
}

/* NB: the argument may be of any type; of a longer one, the lower half is what is meant. */
int ioctl(int fd, int request, ...)
{
	va_list arguments;
	uint32_t argument;
	int result;

	va_start(arguments, request);
	argument = va_arg(arguments, uint32_t);
	va_end(arguments);
	if (request == (int)FIONBIO) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0)
			return -1;
		flags = *(int *)(uintptr_t)argument ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
		return fcntl(fd, F_SETFL, flags);
	}
	if (request == (int)FIONREAD) {
		result = readable_bytes(fd);
		if (result < 0)
			return -1;
		*(int *)(uintptr_t)argument = result;
		return 0;
	}
	result = wb_system_ioctl(fd, (uint32_t)request, argument);
	return result < 0 ? refuse(-result) : result;
}

long __wasm_bpf_SYS_ioctl(long fd, long request, long argument, long d, long e, long f)
{
	return ioctl((int)fd, (int)request, (uint32_t)argument) < 0 ? -errno : 0;
}

long __wasm_bpf_SYS_perf_event_open(long attr_at, long pid, long cpu, long group, long flags,
				    long f)
{
	const struct perf_event_attr *attr = (const struct perf_event_attr *)attr_at;
	uint32_t size = attr->size ? attr->size : PERF_ATTR_SIZE_VER0;

	return wb_system_perf_event(wb_address(attr), size, (int)pid, (int)cpu, (int)group,
				    (uint32_t)flags);
}

unsigned int if_nametoindex(const char *name)
{
	int index = wb_system_interface(wb_address(name), 0, 0, 0);

	if (index < 0)
		refuse(-index);
	return index > 0 ? (unsigned)index : 0;
}

char *if_indextoname(unsigned int index, char *name)
{
	int size = wb_system_interface(0, index, wb_address(name), IF_NAMESIZE);

	if (size >= 0)
		return name;
	refuse(size == -ENODEV ? ENXIO : -size);
	return NULL;
}
