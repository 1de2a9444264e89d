/* SPDX-License-Identifier: MIT */
/* The machine and the process: what the C library asks its host, see wasm-bpf/host.h, and what is built on it. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <wasm-bpf/host.h>

int __wasm_bpf_host_cpus(int configured)
{
	int count = wb_system_info(configured ? WB_INFO_CONFIGURED_CPUS : WB_INFO_ONLINE_CPUS);

	return count > 0 ? count : 1;
}

long __wasm_bpf_host_page_size(void)
{
	int size = wb_system_info(WB_INFO_PAGE_SIZE);

	return size > 0 ? size : 4096;
}

static int fill(int what, char *field, uint32_t size)
{
	int length = wb_system_text(what, wb_address(field), size - 1);

	if (length < 0)
		return length;
	field[length < (int)size - 1 ? length : (int)size - 1] = 0;
	return 0;
}

int uname(struct utsname *out)
{
	int error = fill(WB_TEXT_SYSNAME, out->sysname, sizeof(out->sysname));

	if (!error)
		error = fill(WB_TEXT_NODENAME, out->nodename, sizeof(out->nodename));
	if (!error)
		error = fill(WB_TEXT_RELEASE, out->release, sizeof(out->release));
	if (!error)
		error = fill(WB_TEXT_VERSION, out->version, sizeof(out->version));
	if (!error)
		error = fill(WB_TEXT_MACHINE, out->machine, sizeof(out->machine));
	if (!error)
		error = fill(WB_TEXT_DOMAINNAME, out->domainname, sizeof(out->domainname));
	return error ? wb_fail(-error), -1 : 0;
}

int getpagesize(void)
{
	return (int)__wasm_bpf_host_page_size();
}

pid_t getpid(void)
{
	return wb_system_info(WB_INFO_PID);
}

/* The guest's only thread is the process. */
pid_t gettid(void)
{
	return wb_system_info(WB_INFO_PID);
}

#define INFO(name, what) \
	long __wasm_bpf_SYS_##name(long a, long b, long c, long d, long e, long f) \
	{ \
		return wb_system_info(what); \
	}

INFO(getpid, WB_INFO_PID)
INFO(gettid, WB_INFO_PID)
INFO(getppid, WB_INFO_PARENT_PID)
INFO(getuid, WB_INFO_USER)
INFO(geteuid, WB_INFO_USER)
INFO(getgid, WB_INFO_GROUP)
INFO(getegid, WB_INFO_GROUP)

static long set_three(long real, long effective, long saved, int what)
{
	*(uid_t *)real = *(uid_t *)effective = *(uid_t *)saved = (uid_t)wb_system_info(what);
	return 0;
}

long __wasm_bpf_SYS_getresuid(long real, long effective, long saved, long d, long e, long f)
{
	return set_three(real, effective, saved, WB_INFO_USER);
}

long __wasm_bpf_SYS_getresgid(long real, long effective, long saved, long d, long e, long f)
{
	return set_three(real, effective, saved, WB_INFO_GROUP);
}

long __wasm_bpf_SYS_uname(long out, long b, long c, long d, long e, long f)
{
	return uname((struct utsname *)out) < 0 ? -errno : 0;
}

long __wasm_bpf_SYS_clock_gettime(long clock, long out, long c, long d, long e, long f)
{
	struct timespec *time = (struct timespec *)out;
	uint64_t now = 0;
	int error = wb_system_clock((int)clock, wb_address(&now));

	if (error < 0)
		return error;
	time->tv_sec = (time_t)(now / 1000000000);
	time->tv_nsec = (long)(now % 1000000000);
	return 0;
}

long __wasm_bpf_SYS_getrandom(long buffer, long size, long flags, long d, long e, long f)
{
	for (long done = 0; done < size; done += 256)
		if (getentropy((char *)buffer + done,
			       (size_t)(size - done < 256 ? size - done : 256)) < 0)
			return -errno;
	return size;
}
