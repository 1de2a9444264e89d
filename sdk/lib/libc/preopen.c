/* SPDX-License-Identifier: MIT */
/*
 * Which preopened directory a path is in. In place of the C library's, to which relative and absolute names are the
 * same: here a relative one, of a path and of a directory, begins in the host's working directory.
 */
#define _GNU_SOURCE
#include "internal.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <wasi/api.h>
#include <wasi/libc-find-relpath.h>
#include <wasi/libc.h>

/* Out of the way of the program, whose first file has the number 3. */
#define FIRST_NUMBER 512

/* Absolute, without slashes at the start and the end. */
static struct preopen {
	char *prefix;
	size_t length;
	int fd;
} *preopens;
static size_t preopen_count;

/* As a prefix. Where the host does not tell, it is the root. */
static char *directory = "";

/* In getcwd.c of the C library, which need not be there. */
extern char *__wasilibc_cwd __attribute__((weak));

static bool is_dots(const char *name, size_t length)
{
	return length == 2 && name[0] == '.' && name[1] == '.';
}

/*
 * Takes `.`, `..` and empty names out of a path, as text: where a link is followed by `..`, the kernel would mean
 * another directory, but only names tell in which preopened directory a path is.
 */
static void normalize(char *path)
{
	const char *from = path;
	char *to = path;

	for (;;) {
		size_t length;

		from += strspn(from, "/");
		length = strcspn(from, "/");
		if (!length)
			break;
		if (is_dots(from, length)) {
			while (to > path && *--to != '/')
				;
		} else if (length != 1 || *from != '.') {
			if (to > path)
				*to++ = '/';
			memmove(to, from, length);
			to += length;
		}
		from += length;
	}
	/* Only a directory will do. */
	if (to > path && from > path && from[-1] == '/')
		*to++ = '/';
	*to = 0;
}

/* `path` as a prefix, in `*buffer`, which is made longer when it has to be. */
static char *absolute(const char *path, char **buffer)
{
	size_t base = *path == '/' ? 0 : strlen(directory), length = strlen(path);
	char *text = realloc(*buffer, base + length + 2);

	if (!text)
		return NULL;
	*buffer = text;
	memcpy(text, directory, base);
	text[base] = '/';
	memcpy(text + base + 1, path, length + 1);
	normalize(text);
	return text;
}

int __wasilibc_register_preopened_fd(int fd, const char *name)
{
	struct preopen *more = realloc(preopens, (preopen_count + 1) * sizeof(*more));
	char *prefix = NULL;
	size_t length;

	if (!more)
		return -1;
	preopens = more;
	if (!absolute(name, &prefix))
		return -1;
	length = strlen(prefix);
	while (length && prefix[length - 1] == '/')
		prefix[--length] = 0;
	preopens[preopen_count++] = (struct preopen){ prefix, length, fd };
	return 0;
}

int __wasilibc_find_abspath(const char *path, const char **prefix, const char **relative)
{
	/* Some calls have two paths. */
	static char *buffers[2];
	static unsigned turn;
	const struct preopen *best = NULL;
	const char *text = absolute(path, &buffers[turn++ % 2]);

	if (!text)
		return -1;
	/* Of two of one name, the later one. */
	for (size_t i = preopen_count; i-- > 0;) {
		const struct preopen *candidate = &preopens[i];
		size_t length = candidate->length;

		if ((best && length <= best->length) || strncmp(text, candidate->prefix, length))
			continue;
		if (!length || text[length] == '/' || !text[length])
			best = candidate;
	}
	if (!best) {
		errno = ENOENT;
		return -1;
	}
	*prefix = best->prefix;
	text += best->length;
	text += strspn(text, "/");
	*relative = *text ? text : ".";
	return best->fd;
}

int __wasilibc_find_relpath(const char *path, const char **prefix, char **relative, size_t size)
{
	/* NB: the rest of a path that names the directory itself is ".". */
	if (!*path) {
		errno = ENOENT;
		return -1;
	}
	/* There when the program changes its directory. */
	if (__wasilibc_find_relpath_alloc)
		return __wasilibc_find_relpath_alloc(path, prefix, relative, &size, 0);
	return __wasilibc_find_abspath(path, prefix, (const char **)relative);
}

static void find_directory(void)
{
	int length = wb_system_text(WB_TEXT_DIRECTORY, 0, 0);
	char *path = length > 1 ? malloc((size_t)length + 1) : NULL;

	if (!path || wb_system_text(WB_TEXT_DIRECTORY, wb_address(path), (uint32_t)length) != length)
		return;
	path[length] = 0;
	directory = path + 1;
	if (&__wasilibc_cwd)
		__wasilibc_cwd = path;
}

/* As early as the C library's own: before constructors that open files. */
__attribute__((constructor(51))) static void find_preopens(void)
{
	__wasi_prestat_t about;

	find_directory();
	for (__wasi_fd_t fd = 3; !__wasi_fd_prestat_get(fd, &about); fd++) {
		size_t length = about.u.dir.pr_name_len;
		char *name = calloc(length + 1, 1);
		int moved = wb_fd_dup(fd, FIRST_NUMBER, WB_DUP_LOWEST, O_CLOEXEC);

		if (!name || moved < 0 || __wasi_fd_prestat_dir_name(fd, (uint8_t *)name, length) ||
		    __wasilibc_register_preopened_fd(moved, name))
			_Exit(EX_OSERR);
		free(name);
	}
	/* NB: the loop ends at the first that is free. */
	for (__wasi_fd_t fd = 3; !__wasi_fd_close(fd); fd++)
		;
}
