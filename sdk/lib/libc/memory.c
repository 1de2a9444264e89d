/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>

void *memalign(size_t alignment, size_t size)
{
	return aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}
