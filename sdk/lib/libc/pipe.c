/* SPDX-License-Identifier: MIT */
/* popen(): a program at the other end of a stream, with the host's --allow-run. */
#define _GNU_SOURCE
#include "internal.h"
#include "process.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct opened {
	FILE *stream;
	int process;
	struct opened *next;
} *opened;

FILE *popen(const char *command, const char *mode)
{
	char *arguments[] = { "sh", "-c", (char *)command, NULL };
	int32_t streams[3] = { WB_RUN_INHERIT, WB_RUN_INHERIT, WB_RUN_INHERIT };
	int stream = *mode == 'w' ? 0 : 1;
	struct opened *entry;

	if (*mode != 'r' && *mode != 'w')
		return wb_null(EINVAL);
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	streams[stream] = WB_RUN_PIPE;
	entry->process = wb_start("/bin/sh", arguments, NULL, streams);
	if (entry->process < 0) {
		wb_fail(-entry->process);
		free(entry);
		return NULL;
	}
	entry->stream = fdopen(streams[stream], *mode == 'w' ? "w" : "r");
	if (!entry->stream) {
		int error = errno;

		close(streams[stream]);
		wb_run_kill(entry->process, 9);
		wb_wait(entry->process, NULL, 0);
		free(entry);
		return wb_null(error);
	}
	entry->next = opened;
	opened = entry;
	return entry->stream;
}

int pclose(FILE *stream)
{
	struct opened **place = &opened, *entry;
	int status = -1, result;

	while (*place && (*place)->stream != stream)
		place = &(*place)->next;
	entry = *place;
	if (!entry) {
		errno = ECHILD;
		return -1;
	}
	*place = entry->next;
	fclose(stream);
	do
		result = wb_wait(entry->process, &status, 0);
	while (result == -EINTR);
	free(entry);
	return result < 0 ? wb_fail(-result), -1 : status;
}
