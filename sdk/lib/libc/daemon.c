/* SPDX-License-Identifier: MIT */
/* daemon(): the host's process cannot go to the background; all else is done. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <unistd.h>

/* The guest has no terminal from which a signal could come but the host's, and no group but its own. */
long __wasm_bpf_SYS_setsid(long a, long b, long c, long d, long e, long f)
{
	return wb_system_info(WB_INFO_PID);
}

int daemon(int stays, int keeps_streams)
{
	int sink;

	if (!stays && chdir("/") < 0)
		return -1;
	if (keeps_streams)
		return 0;
	sink = open("/dev/null", O_RDWR);
	if (sink < 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(sink, fd) < 0)
			return -1;
	if (sink > 2)
		close(sink);
	return 0;
}
