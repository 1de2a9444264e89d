/* SPDX-License-Identifier: MIT */
/*
 * mmap(): the values of a map are the kernel's own memory, as far as they can
 * be written; everything else is memory with a copy in it, of a file or of
 * nothing. Whole mappings are unmapped, no parts.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "internal.h"

#define UNSUPPORTED (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN | MAP_HUGETLB)

struct mapping {
	struct mapping *next;
	void *start;
	size_t size;
	bool of_kernel;
};

static struct mapping *mappings;

static int copy_file(int fd, char *to, size_t size, off_t offset)
{
	while (size) {
		ssize_t count = pread(fd, to, size, offset);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (!count)
			break;
		to += count;
		size -= count;
		offset += count;
	}
	return 0;
}

/* 0 or -errno. */
static int fill(struct mapping *mapping, size_t page, int prot, int flags, int fd, off_t offset)
{
	int result;

	memset(mapping->start, 0, mapping->size);
	if (flags & MAP_ANONYMOUS)
		return 0;
	if ((flags & MAP_TYPE) != MAP_PRIVATE) {
		result = wb_map_map(fd, wb_address(mapping->start), mapping->size, offset / page);
		mapping->of_kernel = !result;
		/* What is no map is a file, which writing would not reach. */
		if (result != -ENODEV || prot & PROT_WRITE)
			return result;
	}
	return copy_file(fd, mapping->start, mapping->size, offset);
}

void *mmap(void *address, size_t size, int prot, int flags, int fd, off_t offset)
{
	size_t page = wb_system_info(WB_INFO_PAGE_SIZE);
	struct mapping *mapping;
	int result = -EINVAL;

	if (!size || offset < 0 || offset % page || flags & UNSUPPORTED || prot & PROT_EXEC ||
	    !(flags & (MAP_SHARED | MAP_PRIVATE)))
		goto failed;
	result = -ENOMEM;
	if (size > UINT32_MAX - page)
		goto failed;
	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		goto failed;
	mapping->size = (size + page - 1) & ~(page - 1);
	mapping->start = aligned_alloc(page, mapping->size);
	if (mapping->start)
		result = fill(mapping, page, prot, flags, fd, offset);
	if (result) {
		free(mapping->start);
		free(mapping);
		goto failed;
	}
	mapping->next = mappings;
	mappings = mapping;
	return mapping->start;
failed:
	errno = -result;
	return MAP_FAILED;
}

int munmap(void *address, size_t size)
{
	size_t page = wb_system_info(WB_INFO_PAGE_SIZE);
	struct mapping **at, *mapping;

	for (at = &mappings; *at && (*at)->start != address; at = &(*at)->next)
		;
	mapping = *at;
	if (!mapping || mapping->size != ((size + page - 1) & ~(page - 1))) {
		errno = EINVAL;
		return -1;
	}
	if (mapping->of_kernel)
		wb_map_unmap(wb_address(address), mapping->size);
	*at = mapping->next;
	free(mapping->start);
	free(mapping);
	return 0;
}
