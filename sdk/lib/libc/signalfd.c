/* SPDX-License-Identifier: MIT */
/* signalfd(): a pipe into which the library puts the signals that are blocked, as they come. */
#define _GNU_SOURCE
#include "companion.h"
#include "internal.h"
#include "signals.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Above the numbers that programs look at. */
#define WRITING_END 512
#define SIGNALS 64

static struct stream {
	struct wb_companion companion;
	struct stream *next;
	int writing_end;
	unsigned long mask;
} *streams;

static void end_stream(struct wb_companion *companion)
{
	struct stream *stream = (struct stream *)companion, **place = &streams;

	while (*place != stream)
		place = &(*place)->next;
	*place = stream->next;
	close(stream->writing_end);
	free(stream);
}

static int takes(const struct stream *stream, int signal)
{
	struct signalfd_siginfo info = { .ssi_signo = (uint32_t)signal, .ssi_code = SI_USER };

	return write(stream->writing_end, &info, sizeof(info)) == sizeof(info);
}

/* Called by signal.c; what has no room in the pipe waits. */
unsigned long __wasm_bpf_divert_signals(unsigned long signals)
{
	unsigned long taken = 0;

	for (int signal = 1; signal <= SIGNALS; signal++) {
		unsigned long bit = 1UL << (signal - 1);

		for (struct stream *stream = streams; stream && signals & bit; stream = stream->next) {
			if (!(stream->mask & bit) || !takes(stream, signal))
				continue;
			signals &= ~bit;
			taken |= bit;
		}
	}
	return taken;
}

static int make_stream(unsigned long mask, int flags)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	int ends[2], result;

	if (!stream)
		return -ENOMEM;
	result = wb_fd_pipe(wb_address(ends), flags);
	if (result < 0) {
		free(stream);
		return result;
	}
	stream->mask = mask;
	stream->writing_end = wb_fd_dup(ends[1], WRITING_END, WB_DUP_LOWEST, O_CLOEXEC);
	close(ends[1]);
	fcntl(stream->writing_end, F_SETFL, O_NONBLOCK);
	stream->next = streams;
	streams = stream;
	if (!wb_companion_add(&stream->companion, ends[0], end_stream))
		return ends[0];
	end_stream(&stream->companion);
	close(ends[0]);
	return -ENOMEM;
}

long __wasm_bpf_SYS_signalfd4(long fd, long mask_at, long size, long flags, long e, long f)
{
	unsigned long mask = *(const unsigned long *)mask_at;

	if (flags & ~(SFD_NONBLOCK | SFD_CLOEXEC))
		return -EINVAL;
	if (fd >= 0) {
		struct stream *stream = (struct stream *)wb_companion_of((int)fd, end_stream);

		if (!stream)
			return -EINVAL;
		stream->mask = mask;
	} else {
		fd = make_stream(mask, (int)flags);
	}
	wb_run_signal_handlers();
	return fd;
}
