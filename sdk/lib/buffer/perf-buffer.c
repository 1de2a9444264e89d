/* Perf buffers: a ring for each CPU, behind one map. */
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "opts.h"
#include "record-batch.h"
#include "unwound.h"

struct perf_buffer {
	struct wb_batch batch;
	int count; /* of rings, which are the sources from 0 */
	uint32_t fills; /* how often a poll asks at most: then it has seen what was there when it began */
	char *seen; /* for each ring, of the poll that goes on: SEEN, STOPPED */
	perf_buffer_event_fn event;
	perf_buffer_sample_fn sample;
	perf_buffer_lost_fn lost;
	void *context;
};

enum { SEEN = 1, STOPPED = 2 };

struct sample {
	struct perf_event_header header;
	__u32 size;
	char data[];
};

struct lost {
	struct perf_event_header header;
	__u64 id;
	__u64 lost;
};

/* Opens the rings. Takes `pb` over. */
static struct perf_buffer *open_rings(struct perf_buffer *pb, int map_fd, const struct wb_buffer_add *req)
{
	struct wb_buffer_state state;
	int result;

	pb->batch.perf = true;
	result = pb->batch.buffer = wb_buffer_new(WB_BUFFER_PERF);
	if (result < 0)
		goto failed;
	result = wb_result(wb_buffer_add(pb->batch.buffer, map_fd, wb_address(req)));
	if (result < 0) {
		if (result == -EBADF) {
			/* What the kernel says when libbpf asks it about the map. */
			result = -EBADFD;
			wb_warn("failed to get map info for map FD %d: %s\n", map_fd, wb_error_name(result));
		}
		goto failed;
	}
	while (!wb_buffer_state(pb->batch.buffer, pb->count, wb_address(&state))) {
		pb->fills += 1 + state.ring_size / (32 * 1024);
		pb->count++;
	}
	pb->seen = calloc(pb->count ? pb->count : 1, 1);
	if (pb->seen)
		return pb;
	result = -ENOMEM;
failed:
	perf_buffer__free(pb);
	return wb_null(result);
}

static bool page_count_valid(size_t page_cnt)
{
	if (page_cnt && !(page_cnt & (page_cnt - 1)))
		return true;
	wb_warn("page count should be power of two, but is %zu\n", page_cnt);
	return false;
}

struct perf_buffer *perf_buffer__new(int map_fd, size_t page_cnt, perf_buffer_sample_fn sample_cb,
				     perf_buffer_lost_fn lost_cb, void *ctx, const struct perf_buffer_opts *opts)
{
	struct wb_buffer_add req = { .size = sizeof(req), .pages = page_cnt };
	struct perf_buffer *pb;

	if (!WB_OPTS_VALID(opts, perf_buffer_opts) || !page_count_valid(page_cnt))
		return wb_null(EINVAL);
	req.sample_period = WB_OPTS_GET(opts, sample_period, 0);
	if (!req.sample_period)
		req.sample_period = 1;
	pb = calloc(1, sizeof(*pb));
	if (!pb)
		return wb_null(ENOMEM);
	pb->sample = sample_cb;
	pb->lost = lost_cb;
	pb->context = ctx;
	return open_rings(pb, map_fd, &req);
}

struct perf_buffer *perf_buffer__new_raw(int map_fd, size_t page_cnt, struct perf_event_attr *attr,
					 perf_buffer_event_fn event_cb, void *ctx,
					 const struct perf_buffer_raw_opts *opts)
{
	struct wb_buffer_add req = { .size = sizeof(req), .pages = page_cnt };
	struct perf_buffer *pb;

	if (!attr || !WB_OPTS_VALID(opts, perf_buffer_raw_opts) || !page_count_valid(page_cnt))
		return wb_null(EINVAL);
	req.attr_at = wb_address(attr);
	req.attr_size = attr->size ? attr->size : sizeof(*attr);
	if (WB_OPTS_GET(opts, cpu_cnt, 0) > 0) {
		req.cpu_count = opts->cpu_cnt;
		req.cpus_at = wb_address(WB_OPTS_GET(opts, cpus, NULL));
		req.keys_at = wb_address(WB_OPTS_GET(opts, map_keys, NULL));
	}
	pb = calloc(1, sizeof(*pb));
	if (!pb)
		return wb_null(ENOMEM);
	pb->event = event_cb;
	pb->context = ctx;
	return open_rings(pb, map_fd, &req);
}

void perf_buffer__free(struct perf_buffer *pb)
{
	/* NB: programs that were written before libbpf 1.0 may pass an error in a pointer. */
	if (!pb || (unsigned long)pb >= (unsigned long)-4095L)
		return;
	free(pb->batch.bytes);
	free(pb->seen);
	if (pb->batch.buffer >= 0)
		wb_buffer_close(pb->batch.buffer);
	free(pb);
}

static enum bpf_perf_event_ret call_back(struct perf_buffer *pb, int cpu, struct perf_event_header *event)
{
	const struct sample *sample = (const void *)event;
	const struct lost *lost = (const void *)event;

	if (pb->event)
		return pb->event(pb->context, cpu, event);
	switch (event->type) {
	case PERF_RECORD_SAMPLE:
		if (pb->sample)
			pb->sample(pb->context, cpu, (void *)sample->data, sample->size);
		return LIBBPF_PERF_EVENT_CONT;
	case PERF_RECORD_LOST:
		if (pb->lost)
			pb->lost(pb->context, cpu, lost->lost);
		return LIBBPF_PERF_EVENT_CONT;
	default:
		wb_warn("unknown perf sample type %u\n", event->type);
		return LIBBPF_PERF_EVENT_ERROR;
	}
}

/* Calls back for all records that are kept, but no more for a ring whose callback said that it is done. */
static int deliver(struct perf_buffer *pb, int source, uint32_t *failed)
{
	struct wb_batch *batch = &pb->batch;
	struct wb_batch_cursor cursor = batch->first;
	struct wb_call call = { pb, wb_calls };
	const struct wb_buffer_span *span;
	void *record;
	int answer;

	while ((record = wb_batch_next(batch, &cursor, source, &span, true))) {
		char *seen = &pb->seen[span->source];

		if (*seen & STOPPED)
			continue;
		*seen |= SEEN;
		/* Its record is in the batch. */
		wb_calls = &call;
		answer = call_back(pb, span->cpu, record);
		wb_calls = call.outer;
		wb_record_done(record, true);
		if (answer == LIBBPF_PERF_EVENT_CONT)
			continue;
		*seen |= STOPPED;
		if (answer == LIBBPF_PERF_EVENT_DONE)
			continue;
		*failed = span->source;
		wb_batch_settle(batch, NULL);
		return answer;
	}
	wb_batch_settle(batch, NULL);
	return 0;
}

/* Delivers what is kept and what waits: 0, what a callback answered for the ring `failed`, or -errno. */
static int process(struct perf_buffer *pb, int source, int timeout_ms, uint32_t *failed)
{
	bool more = true;
	int result;

	*failed = UINT32_MAX;
	if (wb_is_busy(pb))
		return -EBUSY;
	memset(pb->seen, 0, pb->count);
	if (pb->batch.end) {
		result = deliver(pb, source, failed);
		if (result)
			return result;
		for (int i = 0; i < pb->count; i++) {
			if (pb->seen[i])
				timeout_ms = 0;
		}
	}
	for (uint32_t i = 0; more && i < pb->fills; i++) {
		result = wb_batch_fill(&pb->batch, source, 0, timeout_ms);
		if (result == -EINTR && !timeout_ms)
			return 0;
		if (result <= 0)
			return result;
		more = wb_batch_more(&pb->batch, source) || pb->batch.end > pb->batch.room / 2;
		result = deliver(pb, source, failed);
		if (result)
			return result;
		if (pb->batch.end)
			return 0; /* a ring was stopped */
		timeout_ms = 0;
	}
	return 0;
}

int perf_buffer__poll(struct perf_buffer *pb, int timeout_ms)
{
	uint32_t failed;
	int result = process(pb, WB_ALL_SOURCES, timeout_ms, &failed), count = 0;

	if (failed != UINT32_MAX)
		wb_warn("error while processing records: %s\n", wb_error_name(result));
	if (result < 0)
		return wb_fail(-result);
	for (int i = 0; i < pb->count; i++)
		count += pb->seen[i] != 0;
	return count;
}

int perf_buffer__consume(struct perf_buffer *pb)
{
	uint32_t failed;
	int result = process(pb, WB_ALL_SOURCES, 0, &failed);

	if (failed != UINT32_MAX)
		wb_warn("perf_buffer: failed to process records in buffer #%u: %s\n", failed, wb_error_name(result));
	return result < 0 ? wb_fail(-result) : result;
}

int perf_buffer__consume_buffer(struct perf_buffer *pb, size_t buf_idx)
{
	uint32_t failed;
	int result;

	if (buf_idx >= (size_t)pb->count)
		return wb_fail(EINVAL);
	result = process(pb, buf_idx, 0, &failed);
	return result < 0 ? wb_fail(-result) : result;
}

int perf_buffer__epoll_fd(const struct perf_buffer *pb)
{
	return wb_result(wb_buffer_fd(pb->batch.buffer));
}

size_t perf_buffer__buffer_cnt(const struct perf_buffer *pb)
{
	return pb->count;
}

int perf_buffer__buffer_fd(const struct perf_buffer *pb, size_t buf_idx)
{
	if (buf_idx >= (size_t)pb->count)
		return wb_fail(EINVAL);
	return wb_result(wb_buffer_source_fd(pb->batch.buffer, buf_idx));
}

/* NB: who writes to the data of a mapped ring gets SIGBUS, which would be the host's end. */
int perf_buffer__buffer(struct perf_buffer *pb, int buf_idx, void **buf, size_t *buf_size)
{
	(void)buf;
	(void)buf_size;
	return wb_fail(buf_idx < 0 || buf_idx >= pb->count ? EINVAL : EOPNOTSUPP);
}
