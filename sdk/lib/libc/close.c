/* SPDX-License-Identifier: MIT */
/* close(), for numbers that mean something to the library as well. */
#define _GNU_SOURCE
#include "companion.h"
#include "internal.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wasi/api.h>

static struct number {
	struct number *next;
	struct wb_companion *companion;
	int fd;
} *numbers;

int wb_companion_add(struct wb_companion *companion, int fd, void (*end)(struct wb_companion *))
{
	struct number *number = malloc(sizeof(*number));

	if (!number)
		return -ENOMEM;
	*number = (struct number){ numbers, companion, fd };
	numbers = number;
	companion->numbers++;
	companion->end = end;
	return 0;
}

/* Where the number is in the list, or would be. */
static struct number **find(int fd)
{
	struct number **place = &numbers;

	while (*place && (*place)->fd != fd)
		place = &(*place)->next;
	return place;
}

struct wb_companion *wb_companion_of(int fd, void (*end)(struct wb_companion *))
{
	struct number *number = *find(fd);

	return number && number->companion->end == end ? number->companion : NULL;
}

void wb_companion_end(int fd)
{
	struct number **place = find(fd), *number = *place;
	struct wb_companion *companion;

	if (!number)
		return;
	companion = number->companion;
	*place = number->next;
	free(number);
	if (!--companion->numbers)
		companion->end(companion);
}

int wb_companion_dup(int fd, int to, int how, int flags)
{
	struct number *number;
	struct rlimit limit;
	int result;

	/* A program that is started could not be given such a number. */
	if (!getrlimit(RLIMIT_NOFILE, &limit) && (rlim_t)to >= limit.rlim_cur && to != fd)
		return how == WB_DUP_EXACT ? -EBADF : -EINVAL;
	result = wb_fd_dup(fd, to, how, flags);
	if (result < 0 || result == fd)
		return result;
	wb_companion_end(result);
	number = *find(fd);
	if (!number || !wb_companion_add(number->companion, result, number->companion->end))
		return result;
	close(result);
	return -ENOMEM;
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
