/* SPDX-License-Identifier: MIT */
/* Text that is broken into lines between words, as argp's help texts are. */
#include "argp-internal.h"
#include <stdlib.h>
#include <string.h>

/*
 * Text is kept until a margin or the column is asked for, or this much came:
 * what is between two such moments is broken as a whole. glibc's numbers, since
 * a word that ends exactly at the margin shows the difference.
 */
#define ROOM 200
#define ROOM_TO_PRINT 150

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void grow(struct wb_flow *flow, size_t room)
{
	/* A byte more: the one behind the text is looked at. */
	char *text = realloc(flow->text, room + 1);

	if (!text)
		abort();
	flow->text = text;
	flow->room = (long)room;
}

static void print_blanks(struct wb_flow *flow, long count)
{
	while (count-- > 0)
		putc(' ', flow->out);
}

/* Blanks before what begins at `at`; where that is then. NB: without room they are printed at once, as by glibc. */
static long indent_line(struct wb_flow *flow, long at)
{
	long count = flow->left;

	flow->column = flow->left;
	if (flow->size + count >= flow->room) {
		print_blanks(flow, count);
		return at;
	}
	memmove(flow->text + at + count, flow->text + at, (size_t)(flow->size - at));
	memset(flow->text + at, ' ', (size_t)count);
	flow->size += count;
	return at + count;
}

/* Puts a line break and the indentation between `keep` and `next`; where the text goes on. */
static long put_break(struct wb_flow *flow, long keep, long next)
{
	char *text = flow->text;
	long wrap = flow->wrap, rest = flow->size - next;

	if (next - (keep + 1) < wrap && rest > 0) {
		if (flow->room - flow->size > wrap + 1) {
			memmove(text + keep + 1 + wrap, text + next, (size_t)rest);
			next = keep + 1 + wrap;
			text[keep++] = '\n';
		} else {
			/* The line makes room. */
			fwrite(text, 1, (size_t)keep, flow->out);
			putc('\n', flow->out);
			keep = 0;
		}
	} else {
		text[keep++] = '\n';
	}
	if (next - keep >= wrap || (rest == -1 && flow->room - next >= wrap)) {
		memset(text + keep, ' ', (size_t)wrap);
		keep += wrap;
	} else {
		print_blanks(flow, wrap);
	}
	if (keep < next && rest > 0)
		memmove(text + keep, text + next, (size_t)rest);
	flow->size = keep + rest;
	flow->column = wrap ? (int)wrap : -1;
	return keep;
}

/* Breaks the line from `at` to `line_end`, which is too long; where the text goes on. */
static long break_line(struct wb_flow *flow, long at, long line_end)
{
	const char *text = flow->text;
	long past = at + flow->right - flow->column, keep, next;

	/*
	 * Back to the blank before the word that crosses the margin. What ends
	 * at the margin is followed by a byte of older text, as in glibc.
	 */
	for (keep = past; keep >= at && !is_blank(text[keep]); keep--)
		;
	next = keep + 1;
	if (next > at) {
		while (keep >= at && is_blank(text[keep]))
			keep--;
		return put_break(flow, keep + 1, next);
	}
	/* One word is longer than the line: it stays whole. */
	for (keep = past; keep < line_end && !is_blank(text[keep]); keep++)
		;
	if (keep >= line_end) {
		flow->column = 0;
		return line_end + 1;
	}
	for (next = keep + 1; next < flow->size && is_blank(text[next]); next++)
		;
	return put_break(flow, keep, next);
}

static void settle(struct wb_flow *flow)
{
	for (long at = flow->settled; at < flow->size;) {
		char *line, *end;

		if (flow->column == 0 && flow->left)
			at = indent_line(flow, at);
		if (flow->column < 0)
			flow->column = 0;
		line = flow->text + at;
		end = memchr(line, '\n', (size_t)(flow->size - at));
		if (flow->column + (end ? end - line : flow->size - at) >= flow->right) {
			at = break_line(flow, at, end ? end - flow->text : flow->size);
		} else if (end) {
			flow->column = 0;
			at = end + 1 - flow->text;
		} else {
			flow->column += (int)(flow->size - at);
			at = flow->size;
		}
	}
	flow->settled = flow->size;
}

static void reserve(struct wb_flow *flow, size_t size)
{
	if (flow->room - flow->size >= (long)size)
		return;
	settle(flow);
	fwrite(flow->text, 1, (size_t)flow->size, flow->out);
	flow->size = flow->settled = 0;
	if (flow->room < (long)size)
		grow(flow, (size_t)flow->room + size);
}

void wb_flow_open(struct wb_flow *flow, FILE *out, int right)
{
	*flow = (struct wb_flow){ .out = out, .right = right };
	grow(flow, ROOM);
	flow->text[0] = 0;
}

void wb_flow_close(struct wb_flow *flow)
{
	settle(flow);
	if (flow->size)
		fwrite(flow->text, 1, (size_t)flow->size, flow->out);
	free(flow->text);
}

void wb_flow_write(struct wb_flow *flow, const char *text, size_t size)
{
	reserve(flow, size);
	memcpy(flow->text + flow->size, text, size);
	flow->size += (long)size;
}

void wb_flow_puts(struct wb_flow *flow, const char *text)
{
	wb_flow_write(flow, text, strlen(text));
}

void wb_flow_putc(struct wb_flow *flow, char c)
{
	wb_flow_write(flow, &c, 1);
}

void wb_flow_printf(struct wb_flow *flow, const char *format, ...)
{
	long room = ROOM_TO_PRINT, size;

	do {
		va_list arguments;
		long free_room;

		reserve(flow, (size_t)room);
		free_room = flow->room - flow->size;
		va_start(arguments, format);
		size = vsnprintf(flow->text + flow->size, (size_t)free_room, format, arguments);
		va_end(arguments);
		room = size < free_room ? 0 : size + 1;
	} while (room);
	flow->size += size;
}

int wb_flow_set_left(struct wb_flow *flow, int left)
{
	int before = flow->left;

	settle(flow);
	flow->left = left;
	return before;
}

int wb_flow_set_wrap(struct wb_flow *flow, int wrap)
{
	int before = flow->wrap;

	settle(flow);
	flow->wrap = wrap;
	return before;
}

int wb_flow_column(struct wb_flow *flow)
{
	settle(flow);
	return flow->column < 0 ? 0 : flow->column;
}
