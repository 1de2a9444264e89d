/* Ring buffers: one consumer for the records of one or several maps. */
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "internal.h"
#include "opts.h"
#include "record-batch.h"
#include "unwound.h"

struct ring {
	struct ring_buffer *buffer;
	int source;
	int map_fd;
	ring_buffer_sample_fn callback;
	void *context;
};

struct ring_buffer {
	struct wb_batch batch;
	struct ring **rings;
	unsigned int count;
};

int ring_buffer__add(struct ring_buffer *rb, int map_fd, ring_buffer_sample_fn sample_cb, void *ctx)
{
	struct ring **rings = realloc(rb->rings, (rb->count + 1) * sizeof(*rings));
	struct ring *ring;
	int source;

	if (!rings)
		return wb_fail(ENOMEM);
	rb->rings = rings;
	for (unsigned int i = 0; i < rb->count; i++) {
		if (rings[i]->map_fd != map_fd)
			continue;
		/* What the kernel says when libbpf waits for it once more. */
		wb_warn("ringbuf: failed to epoll add map fd=%d: %s\n", map_fd, wb_error_name(EEXIST));
		return wb_fail(EEXIST);
	}
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return wb_fail(ENOMEM);
	source = wb_result(wb_buffer_add(rb->batch.buffer, map_fd, 0));
	if (source < 0) {
		free(ring);
		if (source != -EBADF)
			return wb_fail(-source);
		/* What the kernel says when libbpf asks it about the map. */
		wb_warn("ringbuf: failed to get map info for fd=%d: %s\n", map_fd, wb_error_name(EBADFD));
		return wb_fail(EBADFD);
	}
	*ring = (struct ring){ rb, source, map_fd, sample_cb, ctx };
	rings[rb->count++] = ring;
	return 0;
}

struct ring_buffer *ring_buffer__new(int map_fd, ring_buffer_sample_fn sample_cb, void *ctx,
				     const struct ring_buffer_opts *opts)
{
	struct ring_buffer *rb;
	int result;

	if (!WB_OPTS_VALID(opts, ring_buffer_opts))
		return wb_null(EINVAL);
	rb = calloc(1, sizeof(*rb));
	if (!rb)
		return wb_null(ENOMEM);
	result = wb_buffer_new(WB_BUFFER_RING);
	rb->batch.buffer = result;
	if (result >= 0)
		result = ring_buffer__add(rb, map_fd, sample_cb, ctx);
	if (result < 0) {
		ring_buffer__free(rb);
		return wb_null(result);
	}
	return rb;
}

void ring_buffer__free(struct ring_buffer *rb)
{
	if (!rb)
		return;
	for (unsigned int i = 0; i < rb->count; i++)
		free(rb->rings[i]);
	free(rb->rings);
	free(rb->batch.bytes);
	if (rb->batch.buffer >= 0)
		wb_buffer_close(rb->batch.buffer);
	free(rb);
}

/* Calls back for at most `limit` records that are kept: how many, or the first negative answer. */
static int64_t deliver(struct ring_buffer *rb, int source, int64_t limit)
{
	struct wb_batch *batch = &rb->batch;
	struct wb_batch_cursor cursor = batch->first;
	struct wb_call call = { rb, wb_calls };
	const struct wb_buffer_span *span;
	int64_t count = 0;
	int answer = 0;
	char *record;

	/* A callback runs, and its record is in the batch. */
	wb_calls = &call;
	while (count < limit && (record = wb_batch_next(batch, &cursor, source, &span, false))) {
		struct ring *ring = rb->rings[span->source];
		uint32_t length = *(uint32_t *)record;

		answer = ring->callback(ring->context, record + BPF_RINGBUF_HDR_SZ, length);
		wb_record_done(record, false);
		if (answer < 0)
			break;
		count++;
	}
	wb_calls = call.outer;
	wb_batch_settle(batch, source < 0 ? &cursor : NULL);
	return answer < 0 ? answer : count;
}

/* Delivers what is kept and then what waits, up to `limit` records. Waits only when there is nothing at all. */
static int process(struct ring_buffer *rb, int source, size_t limit, int timeout_ms)
{
	struct wb_batch *batch = &rb->batch;
	int64_t most = limit < INT_MAX ? (int64_t)limit : INT_MAX;
	int64_t count = 0;
	bool more = true;

	if (wb_is_busy(rb))
		return wb_fail(EBUSY);
	if (batch->end) {
		count = deliver(rb, source, most);
		if (count < 0)
			return wb_fail(-count);
		if (count)
			timeout_ms = 0;
	}
	while (more && count < most) {
		int result = wb_batch_fill(batch, source, most == INT_MAX ? 0 : most - count, timeout_ms);
		int64_t delivered;

		if (result == -EINTR && !timeout_ms)
			break;
		if (result < 0)
			return wb_fail(-result);
		if (!result)
			break;
		more = wb_batch_more(batch, source) || batch->end > batch->room / 2;
		delivered = deliver(rb, source, most - count);
		if (delivered < 0)
			return wb_fail(-delivered);
		count += delivered;
		timeout_ms = 0;
	}
	return count;
}

int ring_buffer__poll(struct ring_buffer *rb, int timeout_ms)
{
	return process(rb, WB_ALL_SOURCES, INT_MAX, timeout_ms);
}

int ring_buffer__consume(struct ring_buffer *rb)
{
	return process(rb, WB_ALL_SOURCES, INT_MAX, 0);
}

int ring_buffer__consume_n(struct ring_buffer *rb, size_t n)
{
	return process(rb, WB_ALL_SOURCES, n, 0);
}

int ring__consume_n(struct ring *r, size_t n)
{
	return process(r->buffer, r->source, n, 0);
}

int ring__consume(struct ring *r)
{
	return process(r->buffer, r->source, INT_MAX, 0);
}

int ring_buffer__epoll_fd(const struct ring_buffer *rb)
{
	return wb_result(wb_buffer_fd(rb->batch.buffer));
}

struct ring *ring_buffer__ring(struct ring_buffer *rb, unsigned int idx)
{
	return idx < rb->count ? rb->rings[idx] : wb_null(ERANGE);
}

static struct wb_buffer_state state(const struct ring *r)
{
	struct wb_buffer_state state = { 0 };

	wb_buffer_state(r->buffer->batch.buffer, r->source, wb_address(&state));
	return state;
}

unsigned long ring__consumer_pos(const struct ring *r)
{
	return state(r).consumer_position - wb_batch_kept(&r->buffer->batch, r->source);
}

unsigned long ring__producer_pos(const struct ring *r)
{
	return state(r).producer_position;
}

size_t ring__avail_data_size(const struct ring *r)
{
	return state(r).available + wb_batch_kept(&r->buffer->batch, r->source);
}

size_t ring__size(const struct ring *r)
{
	return state(r).ring_size;
}

int ring__map_fd(const struct ring *r)
{
	return r->map_fd;
}
