/* SPDX-License-Identifier: MIT */
/* Temporary files below /tmp, which the guest must be given with --dir. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FILE *tmpfile(void)
{
	char path[] = P_tmpdir "/tmpfXXXXXX";
	int fd = mkstemp(path);
	FILE *file;

	if (fd < 0)
		return NULL;
	unlink(path);
	file = fdopen(fd, "w+");
	if (!file)
		close(fd);
	return file;
}

char *tmpnam(char *out)
{
	static char own[L_tmpnam];
	char path[] = P_tmpdir "/fileXXXXXX";

	return *mktemp(path) ? strcpy(out ? out : own, path) : NULL;
}

char *tempnam(const char *directory, const char *prefix)
{
	char *path;

	if (asprintf(&path, "%s/%.5sXXXXXX", directory ? directory : P_tmpdir,
		     prefix ? prefix : "file") < 0)
		return NULL;
	if (*mktemp(path))
		return path;
	free(path);
	return NULL;
}
