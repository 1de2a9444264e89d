/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40

static char *fail(int error)
{
	errno = error;
	return NULL;
}

/* Puts the target of a link before what is left of the path. */
static int expand(char *rest, const char *left, const char *link)
{
	char target[PATH_MAX], tail[PATH_MAX];
	ssize_t size = readlink(link, target, sizeof(target) - 1);

	if (size < 0)
		return errno;
	if ((size_t)size + strlen(left) + 2 > PATH_MAX)
		return ENAMETOOLONG;
	target[size] = 0;
	strcpy(tail, left);
	stpcpy(stpcpy(stpcpy(rest, target), "/"), tail);
	return 0;
}

char *realpath(const char *restrict path, char *restrict out)
{
	char done[PATH_MAX] = "", rest[PATH_MAX], *left = rest;
	int links = 0;

	if (!path)
		return fail(EINVAL);
	if (!*path)
		return fail(ENOENT);
	if (strlen(path) >= sizeof(rest))
		return fail(ENAMETOOLONG);
	strcpy(rest, path);
	if (*path != '/' && !getcwd(done, sizeof(done)))
		return NULL;
	if (strcmp(done, "/") == 0)
		*done = 0;
	while (*left) {
		size_t used = strlen(done), length;
		struct stat stat;
		int error;

		left += strspn(left, "/");
		length = strcspn(left, "/");
		if (length == 0 || (length == 1 && *left == '.')) {
			left += length;
			continue;
		}
		if (length == 2 && strncmp(left, "..", 2) == 0) {
			char *slash = strrchr(done, '/');

			if (slash)
				*slash = 0;
			left += length;
			continue;
		}
		if (used + length + 2 > sizeof(done))
			return fail(ENAMETOOLONG);
		done[used] = '/';
		memcpy(done + used + 1, left, length);
		done[used + 1 + length] = 0;
		left += length;
		if (lstat(done, &stat) < 0)
			return NULL;
		if (!S_ISLNK(stat.st_mode)) {
			if (*left && !S_ISDIR(stat.st_mode))
				return fail(ENOTDIR);
			continue;
		}
		if (++links > MOST_LINKS)
			return fail(ELOOP);
		error = expand(rest, left, done);
		if (error)
			return fail(error);
		done[*rest == '/' ? 0 : used] = 0;
		left = rest;
	}
	if (!*done)
		strcpy(done, "/");
	return out ? strcpy(out, done) : strdup(done);
}

char *canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}
