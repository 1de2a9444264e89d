/*
 * Records that the host has copied out of kernel rings, as buffer_fill()
 * delivers them: spans of records of one source each. They are walked in
 * order; what a callback leaves is kept and comes first the next time.
 */
#ifndef WASM_BPF_RECORD_BATCH_H
#define WASM_BPF_RECORD_BATCH_H

#include <limits.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wasm-bpf/abi2.h>

#define WB_ALL_SOURCES (-1)

struct wb_batch_cursor {
	uint32_t span; /* offset of a span's header */
	uint32_t at; /* offset of a record in it */
};

struct wb_batch {
	int buffer; /* the host's handle */
	bool perf; /* records have perf's headers, otherwise those of ring buffers */
	char *bytes;
	uint32_t room;
	uint32_t end; /* 0: nothing is kept */
	struct wb_batch_cursor first; /* what comes before was delivered */
};

/**
 * Asks the host for up to `limit` records (0: as many as fit) of a source, after what is kept. Signal handlers run when
 * a signal ended the wait. Bytes, 0 after the time, or -errno.
 */
int wb_batch_fill(struct wb_batch *batch, int source, uint32_t limit, int timeout_ms);

/* What follows is in the header, with `perf` constant, since it is done for each record. */
#define WB_EACH_RECORD static inline __attribute__((always_inline))

/** Bytes that a record takes in its ring. */
WB_EACH_RECORD uint32_t wb_record_bytes(const void *record, bool perf)
{
	uint32_t length;

	if (perf)
		return ((const struct perf_event_header *)record)->size;
	length = *(const uint32_t *)record & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return (length + BPF_RINGBUF_HDR_SZ + 7) & ~7u;
}

/** Whether a record was delivered, or given up by the program that reserved it. */
WB_EACH_RECORD bool wb_record_is_done(const void *record, bool perf)
{
	if (perf)
		return ((const struct perf_event_header *)record)->type == 0;
	return *(const uint32_t *)record & BPF_RINGBUF_DISCARD_BIT;
}

/** Says that a record was delivered. */
WB_EACH_RECORD void wb_record_done(void *record, bool perf)
{
	if (perf)
		((struct perf_event_header *)record)->type = 0;
	else
		*(uint32_t *)record |= BPF_RINGBUF_DISCARD_BIT;
}

/** The next record of a source that was not delivered, with the span it is in; NULL at the end. */
WB_EACH_RECORD void *wb_batch_next(const struct wb_batch *batch, struct wb_batch_cursor *cursor, int source,
				   const struct wb_buffer_span **span, bool perf)
{
	while (cursor->span < batch->end) {
		const struct wb_buffer_span *here = (const void *)(batch->bytes + cursor->span);
		uint32_t end = cursor->span + sizeof(*here) + here->length;
		char *record = batch->bytes + cursor->at;

		if (cursor->at >= end || (source >= 0 && here->source != (uint32_t)source)) {
			cursor->span = end;
			cursor->at = end + sizeof(*here);
			continue;
		}
		cursor->at += wb_record_bytes(record, perf);
		if (wb_record_is_done(record, perf))
			continue;
		*span = here;
		return record;
	}
	return NULL;
}

/** After records were delivered: forgets them. `cursor` is NULL, or where a walk over all sources has come to. */
void wb_batch_settle(struct wb_batch *batch, const struct wb_batch_cursor *cursor);

/** Bytes that are kept of a source, as they take place in its ring. */
size_t wb_batch_kept(const struct wb_batch *batch, int source);

/** Whether the host said, with the last records of a source, that more of them wait. */
bool wb_batch_more(const struct wb_batch *batch, int source);

#endif
