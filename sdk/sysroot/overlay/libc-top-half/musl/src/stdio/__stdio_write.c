/* SPDX-License-Identifier: MIT */
/*
 * Writes what does not fit the buffer of a stream. As in glibc, a stream that
 * is fully buffered writes whole buffers, so that the output of a program is
 * cut at the same places, whoever else writes to the same pipe.
 */
#include "stdio_impl.h"
#include <string.h>
#include <sys/uio.h>

/* What is in the buffer, and then `size` bytes at `data`; how many of these were written. */
static size_t write_all(FILE *f, const unsigned char *data, size_t size)
{
	size_t buffered = (size_t)(f->wpos - f->wbase), done = 0;

	while (done < buffered + size) {
		size_t ahead = done < buffered ? buffered - done : 0;
		size_t of_data = done < buffered ? 0 : done - buffered;
		struct iovec parts[2] = {
			{ f->wbase + done, ahead },
			{ (void *)(data + of_data), size - of_data },
		};
		ssize_t count = writev(f->fd, parts, 2);

		if (count < 0) {
			f->wpos = f->wbase = f->wend = 0;
			f->flags |= F_ERR;
			return of_data;
		}
		done += (size_t)count;
	}
	f->wend = f->buf + f->buf_size;
	f->wpos = f->wbase = f->buf;
	return size;
}

size_t __stdio_write(FILE *f, const unsigned char *data, size_t size)
{
	size_t room = (size_t)(f->wend - f->wpos), whole;

	/* Without data, the buffer is to be emptied. */
	if (!size || f->lbf >= 0 || !f->buf_size)
		return write_all(f, data, size);
	if (room > size)
		room = size;
	memcpy(f->wpos, data, room);
	f->wpos += room;
	if (room == size)
		return size;
	whole = (size - room) / f->buf_size * f->buf_size;
	if (write_all(f, data + room, whole) < whole || !f->wend)
		return room;
	memcpy(f->wpos, data + room + whole, size - room - whole);
	f->wpos += size - room - whole;
	return size;
}
