/* User ring buffers: records for BPF programs. */
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "internal.h"
#include "interrupted.h"
#include "opts.h"

/* A record that is being written, in front of its data. */
struct draft {
	struct draft *next, **link;
	int ticket;
	__u32 size;
	char data[] __attribute__((aligned(8)));
};

struct user_ring_buffer {
	int buffer;
	struct draft *drafts;
};

struct user_ring_buffer *user_ring_buffer__new(int map_fd, const struct user_ring_buffer_opts *opts)
{
	struct user_ring_buffer *rb;
	int result;

	if (!WB_OPTS_VALID(opts, user_ring_buffer_opts))
		return wb_null(EINVAL);
	rb = calloc(1, sizeof(*rb));
	if (!rb)
		return wb_null(ENOMEM);
	result = rb->buffer = wb_buffer_new(WB_BUFFER_USER_RING);
	if (result >= 0) {
		result = wb_result(wb_buffer_add(rb->buffer, map_fd, 0));
		if (result == -EBADF) {
			/* What the kernel says when libbpf asks it about the map. */
			result = -EBADFD;
			wb_warn("user ringbuf: failed to get map info for fd=%d: %s\n", map_fd, wb_error_name(result));
		}
	}
	if (result < 0) {
		user_ring_buffer__free(rb);
		return wb_null(result);
	}
	return rb;
}

static void forget(struct draft *draft)
{
	*draft->link = draft->next;
	if (draft->next)
		draft->next->link = draft->link;
	free(draft);
}

void user_ring_buffer__free(struct user_ring_buffer *rb)
{
	if (!rb)
		return;
	while (rb->drafts)
		forget(rb->drafts);
	if (rb->buffer >= 0)
		wb_buffer_close(rb->buffer);
	free(rb);
}

static void *reserve(struct user_ring_buffer *rb, __u32 size, int timeout_ms)
{
	struct draft *draft;
	int ticket;

	if (size & (BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))
		return wb_null(E2BIG);
	ticket = wb_result(wb_buffer_reserve(rb->buffer, size, timeout_ms));
	if (ticket == -EINTR)
		wb_interrupted();
	if (ticket < 0)
		return wb_null(ticket);
	draft = malloc(sizeof(*draft) + size);
	if (!draft) {
		wb_buffer_discard(rb->buffer, ticket);
		return wb_null(ENOMEM);
	}
	draft->next = rb->drafts;
	draft->link = &rb->drafts;
	draft->ticket = ticket;
	draft->size = size;
	if (rb->drafts)
		rb->drafts->link = &draft->next;
	rb->drafts = draft;
	return draft->data;
}

void *user_ring_buffer__reserve(struct user_ring_buffer *rb, __u32 size)
{
	return reserve(rb, size, 0);
}

void *user_ring_buffer__reserve_blocking(struct user_ring_buffer *rb, __u32 size, int timeout_ms)
{
	if (timeout_ms < -1)
		return wb_null(EINVAL);
	return reserve(rb, size, timeout_ms);
}

static struct draft *draft_of(void *sample)
{
	return (void *)((char *)sample - offsetof(struct draft, data));
}

void user_ring_buffer__submit(struct user_ring_buffer *rb, void *sample)
{
	struct draft *draft = draft_of(sample);

	wb_buffer_submit(rb->buffer, draft->ticket, wb_address(sample), draft->size);
	forget(draft);
}

void user_ring_buffer__discard(struct user_ring_buffer *rb, void *sample)
{
	struct draft *draft = draft_of(sample);

	wb_buffer_discard(rb->buffer, draft->ticket);
	forget(draft);
}
