/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the help texts. */
#ifndef WASM_BPF_ARGP_HELP_H
#define WASM_BPF_ARGP_HELP_H

#include "argp-internal.h"
#include <stdbool.h>
#include <stdlib.h>

/* Where things stand, which the variable ARGP_HELP_FMT can change. */
struct wb_argp_layout {
	int dup_args, dup_args_note;
	int short_opt_col, long_opt_col, doc_opt_col, opt_doc_col, header_col;
	int usage_indent, rmargin;
};

/* Options of a child parser that stand together. */
struct wb_argp_cluster {
	const char *header;
	const struct argp *argp;
	int group, place, depth;
	const struct wb_argp_cluster *parent;
	struct wb_argp_cluster *allocated_before;
};

struct wb_argp_entry {
	const struct argp_option *options;
	int count;
	char *shorts; /* those of its short names that no entry before has */
	int group;
	const struct wb_argp_cluster *cluster;
	const struct argp *argp;
	int place;
};

struct wb_argp_help {
	struct wb_flow flow;
	struct wb_argp_layout layout;
	const struct argp_state *state;
	struct wb_argp_entry *entries;
	int count;
	struct wb_argp_cluster *clusters;
	char used_shorts[128];
	/* While options are printed. */
	const struct wb_argp_entry *before;
	bool separates_groups, left_out_arguments;
};

static inline const char *wb_argp_skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static inline void *wb_argp_allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

/* argp-layout.c: "no-dup-args,rmargin=60 header-col 2"; a wrong one changes nothing. */
void wb_argp_read_layout(struct wb_argp_layout *layout, const struct argp_state *state);

/* argp-entries.c */

void wb_argp_add_entries(struct wb_argp_help *help, const struct argp *argp, const struct wb_argp_cluster *cluster);
void wb_argp_sort_entries(struct wb_argp_help *help);
/* Whether option `i` is printed with its short name. `*shorts` moves on. */
bool wb_argp_has_short(const struct wb_argp_entry *entry, int i, const char **shorts);
bool wb_argp_has_long(const struct wb_argp_entry *entry, int i);
bool wb_argp_is_doc(const struct wb_argp_entry *entry);

/* argp-usage.c */
void wb_argp_print_usage(struct wb_argp_help *help, const struct argp *argp, bool only_short, const char *name);

/* argp-options.c */
void wb_argp_print_options(struct wb_argp_help *help);

/* argp-help.c: texts that the program may replace. */

const char *wb_argp_filtered(const struct wb_argp_help *help, const char *text, int key, const struct argp *argp);
void wb_argp_release(const char *filtered_text, const char *text);

#endif
