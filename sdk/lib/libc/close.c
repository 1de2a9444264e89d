/* SPDX-License-Identifier: MIT */
/* close(), for numbers that mean something to the library as well. */
#define _GNU_SOURCE
#include "companion.h"
#include "internal.h"
#include <unistd.h>
#include <wasi/api.h>

static struct wb_companion *companions;

void wb_companion_add(struct wb_companion *companion, int fd, void (*end)(struct wb_companion *))
{
	companion->fd = fd;
	companion->end = end;
	companion->next = companions;
	companions = companion;
}

struct wb_companion *wb_companion_of(int fd, void (*end)(struct wb_companion *))
{
	struct wb_companion *one = companions;

	while (one && (one->fd != fd || one->end != end))
		one = one->next;
	return one;
}

void wb_companion_end(int fd)
{
	struct wb_companion **place = &companions, *one;

	while (*place && (*place)->fd != fd)
		place = &(*place)->next;
	one = *place;
	if (!one)
		return;
	*place = one->next;
	one->end(one);
}

int close(int fd)
{
	__wasi_errno_t error = __wasi_fd_close(fd);

	if (error) {
		errno = error;
		return -1;
	}
	wb_companion_end(fd);
	return 0;
}
