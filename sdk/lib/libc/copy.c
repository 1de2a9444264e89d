/* SPDX-License-Identifier: MIT */
/* sendfile() and copy_file_range(), by reading and writing. */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <unistd.h>

/* Reads at most `size` bytes, writes them; places are NULL for a file's own. What was not written is not read. */
static long copy_part(int from, off_t *from_at, int to, off_t *to_at, size_t size)
{
	char bytes[16384];
	ssize_t count, written;

	size = size < sizeof(bytes) ? size : sizeof(bytes);
	count = from_at ? pread(from, bytes, size, *from_at) : read(from, bytes, size);
	if (count <= 0)
		return count;
	written = to_at ? pwrite(to, bytes, (size_t)count, *to_at) : write(to, bytes, (size_t)count);
	if (!from_at && written < count)
		lseek(from, (written < 0 ? 0 : written) - count, SEEK_CUR);
	if (written <= 0)
		return written;
	if (from_at)
		*from_at += written;
	if (to_at)
		*to_at += written;
	return written;
}

static long copy(int from, off_t *from_at, int to, off_t *to_at, size_t size)
{
	size_t done = 0;

	while (done < size) {
		long count = copy_part(from, from_at, to, to_at, size - done);

		if (count < 0 && !done)
			return -errno;
		if (count <= 0)
			break;
		done += (size_t)count;
	}
	return (long)done;
}

long __wasm_bpf_SYS_sendfile(long to, long from, long from_at, long size, long e, long f)
{
	return copy((int)from, (off_t *)from_at, (int)to, NULL, (size_t)size);
}

long __wasm_bpf_SYS_copy_file_range(long from, long from_at, long to, long to_at, long size, long flags)
{
	if (flags)
		return -EINVAL;
	return copy((int)from, (off_t *)from_at, (int)to, (off_t *)to_at, (size_t)size);
}
