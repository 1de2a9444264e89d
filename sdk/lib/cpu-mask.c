/*
 * Lists of CPUs as sysfs has them, "0-3,7": parts of libbpf that no header of its declares, but that programs linked
 * with its archive have come to declare themselves.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "internal.h"

int parse_cpu_mask_str(const char *text, bool **mask, int *mask_sz);
int parse_cpu_mask_file(const char *path, bool **mask, int *mask_sz);

/** @return 0; -EINVAL for what is no list, or an empty one; -ENOMEM. `*mask` is the caller's to free */
int parse_cpu_mask_str(const char *text, bool **mask, int *mask_sz)
{
	int error = -EINVAL;

	*mask = NULL;
	*mask_sz = 0;
	while (*text == ',' || *text == '\n')
		text++;
	while (*text) {
		char *end;
		long first = strtol(text, &end, 10), last = first;
		bool *longer;

		if (end != text && *end == '-')
			last = strtol(end + 1, &end, 10);
		if (end == text || first < 0 || first > last || last >= 1 << 20)
			goto failed;
		if (last >= *mask_sz) {
			longer = realloc(*mask, last + 1);
			if (!longer) {
				error = -ENOMEM;
				goto failed;
			}
			for (*mask = longer; *mask_sz <= last; ++*mask_sz)
				longer[*mask_sz] = false;
		}
		while (first <= last)
			(*mask)[first++] = true;
		for (text = end; *text == ',' || *text == '\n';)
			text++;
	}
	if (*mask_sz)
		return 0;
failed:
	free(*mask);
	*mask = NULL;
	*mask_sz = 0;
	return error;
}

int parse_cpu_mask_file(const char *path, bool **mask, int *mask_sz)
{
	char text[4096];
	size_t length;
	FILE *file = fopen(path, "r");

	if (!file)
		return -errno;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	return parse_cpu_mask_str(text, mask, mask_sz);
}
