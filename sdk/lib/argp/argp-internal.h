/* SPDX-License-Identifier: MIT */
/* Shared by the parts of argp: parsing, help texts, and lines of limited width. */
#ifndef WASM_BPF_ARGP_INTERNAL_H
#define WASM_BPF_ARGP_INTERNAL_H

#include <argp.h>
#include <stdarg.h>
#include <stddef.h>

/** The `input` that the parser of `argp` gets, or NULL. */
void *wb_argp_input(const struct argp *argp, const struct argp_state *state);

/** How the program is called in messages. */
const char *wb_argp_name(const struct argp_state *state);

/** Text that is broken into lines between words. */
struct wb_flow {
	FILE *out;
	int left; /* column where lines begin */
	int wrap; /* column where lines that had to be broken go on */
	int right; /* lines end before this column */
	int column; /* of the settled text; -1: a broken line at column 0 */
	char *text;
	long size, settled, room; /* of `text` */
};

void wb_flow_open(struct wb_flow *flow, FILE *out, int right);
void wb_flow_close(struct wb_flow *flow);
void wb_flow_write(struct wb_flow *flow, const char *text, size_t size);
void wb_flow_puts(struct wb_flow *flow, const char *text);
void wb_flow_putc(struct wb_flow *flow, char c);
void wb_flow_printf(struct wb_flow *flow, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
/** Both return what it was. */
int wb_flow_set_left(struct wb_flow *flow, int left);
int wb_flow_set_wrap(struct wb_flow *flow, int wrap);
int wb_flow_column(struct wb_flow *flow);

#endif
