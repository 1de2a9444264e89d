/* SPDX-License-Identifier: MIT */
/* sysinfo(), from what /proc says. */
#define _GNU_SOURCE
#include <bits/system-calls.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sysinfo.h>

#define LOAD_SCALE 65536 /* of sysinfo's load averages */

static int read_memory(struct sysinfo *out)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long kilobytes;
	char line[128], name[64];

	if (!file)
		return errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %lu", name, &kilobytes) != 2)
			continue;
		if (strcmp(name, "MemTotal") == 0)
			out->totalram = kilobytes * 1024;
		else if (strcmp(name, "MemFree") == 0)
			out->freeram = kilobytes * 1024;
		else if (strcmp(name, "Shmem") == 0)
			out->sharedram = kilobytes * 1024;
		else if (strcmp(name, "Buffers") == 0)
			out->bufferram = kilobytes * 1024;
		else if (strcmp(name, "SwapTotal") == 0)
			out->totalswap = kilobytes * 1024;
		else if (strcmp(name, "SwapFree") == 0)
			out->freeswap = kilobytes * 1024;
	}
	fclose(file);
	return 0;
}

static int read_load(struct sysinfo *out)
{
	FILE *file = fopen("/proc/loadavg", "re");
	double load[3] = { 0 };
	int tasks = 0;

	if (!file)
		return errno;
	if (fscanf(file, "%lf %lf %lf %*d/%d", &load[0], &load[1], &load[2], &tasks) == 4)
		out->procs = (unsigned short)tasks;
	for (int i = 0; i < 3; i++)
		out->loads[i] = (unsigned long)(load[i] * LOAD_SCALE);
	fclose(file);
	return 0;
}

static int read_uptime(struct sysinfo *out)
{
	FILE *file = fopen("/proc/uptime", "re");

	if (!file)
		return errno;
	if (fscanf(file, "%ld", &out->uptime) != 1)
		out->uptime = 0;
	fclose(file);
	return 0;
}

/* With --allow-read; the error of opening the files otherwise. */
long __wasm_bpf_SYS_sysinfo(long at, long b, long c, long d, long e, long f)
{
	struct sysinfo *out = (struct sysinfo *)at;
	int error;

	memset(out, 0, sizeof(*out));
	out->mem_unit = 1;
	error = read_memory(out);
	if (!error)
		error = read_load(out);
	if (!error)
		error = read_uptime(out);
	return -error;
}

/* The kernel has told a guest nothing. */
unsigned long getauxval(unsigned long type)
{
	errno = ENOENT;
	return 0;
}
