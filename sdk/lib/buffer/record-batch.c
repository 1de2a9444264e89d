#include "record-batch.h"

#include <errno.h>
#include <stdlib.h>

#include "interrupted.h"
#include "unwound.h"

struct wb_call *wb_calls;

/* Room for records that are fetched at once, where none is larger. */
#define ROOM (64 * 1024)
/* With less than this, and records that are kept, the room is doubled. */
#define LEAST_ROOM 1024

static int grow(struct wb_batch *batch, uint32_t room)
{
	char *bytes;

	if (room < batch->room)
		return -ENOMEM;
	bytes = realloc(batch->bytes, room);
	if (!bytes)
		return -ENOMEM;
	batch->bytes = bytes;
	batch->room = room;
	return 0;
}

int wb_batch_fill(struct wb_batch *batch, int source, uint32_t limit, int timeout_ms)
{
	int result = 0;

	if (!batch->room)
		result = grow(batch, ROOM);
	else if (batch->room - batch->end < LEAST_ROOM)
		result = grow(batch, 2 * batch->room);
	while (!result) {
		char *at = batch->bytes + batch->end;

		result = wb_buffer_fill(batch->buffer, source, wb_address(at), batch->room - batch->end, limit,
					timeout_ms);
		if (result == -EMSGSIZE)
			result = grow(batch, batch->end + *(uint32_t *)at);
		else if (!result)
			return 0;
	}
	if (result == -EINTR)
		wb_interrupted();
	if (result > 0) {
		if (!batch->end)
			batch->first = (struct wb_batch_cursor){ 0, sizeof(struct wb_buffer_span) };
		batch->end += result;
	}
	return result;
}

void wb_batch_settle(struct wb_batch *batch, const struct wb_batch_cursor *cursor)
{
	struct wb_batch_cursor next = cursor ? *cursor : batch->first;
	const struct wb_buffer_span *span;

	batch->first = next;
	if (!wb_batch_next(batch, &next, WB_ALL_SOURCES, &span, batch->perf))
		batch->end = 0;
}

size_t wb_batch_kept(const struct wb_batch *batch, int source)
{
	struct wb_batch_cursor cursor = batch->first;
	const struct wb_buffer_span *span;
	size_t bytes = 0;
	void *record;

	while (batch->end && (record = wb_batch_next(batch, &cursor, source, &span, batch->perf)))
		bytes += wb_record_bytes(record, batch->perf);
	return bytes;
}

bool wb_batch_more(const struct wb_batch *batch, int source)
{
	const struct wb_buffer_span *span;

	for (uint32_t at = 0; at < batch->end; at += sizeof(*span) + span->length) {
		span = (const void *)(batch->bytes + at);
		if (span->left && (source < 0 || span->source == (uint32_t)source))
			return true;
	}
	return false;
}
