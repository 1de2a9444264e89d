/* SPDX-License-Identifier: MIT */
/*
 * Local time. The host gives the bytes of the zone file that TZ, or the
 * machine, names; musl's code reads them, and the rules that TZ may be instead.
 */
#define _GNU_SOURCE
#include "internal.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>
#include <wasm-bpf/host.h>

/* For musl an absolute name, so that it looks in one place only. */
#define HOST_ZONE "/host"

/* The largest of all is a tenth of it. */
#define MAX_SIZE 65536

/* What TZ means when it is not set. */
const char *__wasm_bpf_host_time_zone(void)
{
	static const char *zone;

	/* Asked once: the host opens a file for it, which a tool that watches files and prints times would see. */
	if (!zone)
		zone = wb_system_text(WB_TEXT_ZONE, 0, 0) > 0 ? HOST_ZONE : "UTC";
	return zone;
}

/* The environment's own TZ: the one that the host knows. */
static bool is_first_zone(const char *zone)
{
	size_t count = 0, size = 0;
	uint8_t **list, *text;
	bool same = false;

	if (!zone || __wasi_environ_sizes_get(&count, &size))
		return false;
	list = malloc((count + 1) * sizeof(*list));
	text = malloc(size + 1);
	if (list && text && !__wasi_environ_get(list, text))
		for (size_t i = 0; i < count; i++)
			if (strncmp((char *)list[i], "TZ=", 3) == 0)
				same = strcmp((char *)list[i] + 3, zone) == 0;
	free(list);
	free(text);
	return same;
}

static unsigned char *host_zone(size_t *size)
{
	int length = wb_system_text(WB_TEXT_ZONE, 0, 0);
	unsigned char *bytes = length > 0 ? malloc((size_t)length) : NULL;

	if (!bytes)
		return NULL;
	wb_system_text(WB_TEXT_ZONE, wb_address(bytes), (uint32_t)length);
	*size = (size_t)length;
	return bytes;
}

static unsigned char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *bytes;
	ssize_t got = -1;

	if (fd < 0)
		return NULL;
	bytes = malloc(MAX_SIZE);
	if (bytes)
		got = read(fd, bytes, MAX_SIZE);
	close(fd);
	if (got <= 0) {
		free(bytes);
		return NULL;
	}
	*size = (size_t)got;
	return bytes;
}

/* A zone's bytes, or NULL: of the machine's, or the one that TZ names. */
const unsigned char *__map_file(const char *path, size_t *size)
{
	if (strcmp(path, HOST_ZONE) == 0 || is_first_zone(getenv("TZ")))
		return host_zone(size);
	return read_file(path, size);
}

/* The zone is given up when TZ changes. */
int __munmap(void *bytes, size_t size)
{
	(void)size;
	free(bytes);
	return 0;
}
