#define _GNU_SOURCE
#include "syscalls.h"

#include <sys/mman.h>
#include <unistd.h>

int64_t sys_mmap(void *wanted, size_t size, int prot, int flags, int fd, int64_t offset, void **out)
{
	/* SAFETY: without MAP_FIXED the address is a wish that never replaces what is mapped already. */
	void *at = mmap(wanted, size, prot, flags & ~MAP_FIXED, fd, offset);

	if (at == MAP_FAILED)
		return -errno;
	*out = at;
	return 0;
}

int64_t sys_mmap_fixed(void *base, size_t total, int64_t start, int64_t size, int prot, int flags, int fd,
		       int64_t offset)
{
	size_t page = sys_page_size();
	char *at;
	void *fresh = NULL;
	int64_t result;

	if (start < 0 || size <= 0 || offset < 0 || (uint64_t)start > total || (uint64_t)size > total - (uint64_t)start)
		return -EINVAL;
	at = (char *)base + start;
	if ((uintptr_t)at % page != 0 || (uint64_t)size % page != 0)
		return -EINVAL;
	/* SAFETY: V8 changes the protection of the whole memory when it grows and aborts if a page refuses. */
	if ((prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE))
		return -EACCES;
	/*
	 * mmap(MAP_FIXED) may drop the old pages and then fail, which would leave a hole in the guest's memory.
	 * Mapping elsewhere and moving the result fails before anything is lost.
	 */
	result = sys_mmap(NULL, (size_t)size, prot, flags, fd, offset, &fresh);
	if (result < 0)
		return result;
	if (mremap(fresh, (size_t)size, (size_t)size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) {
		result = -errno;
		munmap(fresh, (size_t)size);
	}
	return result;
}

int64_t sys_munmap(void *at, size_t size)
{
	return answer(munmap(at, size));
}

size_t sys_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}
