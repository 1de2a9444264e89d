/* SPDX-License-Identifier: MIT */
/* The list of options. */
#include "argp-help.h"

static void indent(struct wb_flow *flow, int column)
{
	for (int missing = column - wb_flow_column(flow); missing > 0; missing--)
		wb_flow_putc(flow, ' ');
}

static void print_argument(struct wb_flow *flow, const struct argp_option *real,
			   const char *required, const char *optional)
{
	if (real->arg)
		wb_flow_printf(flow, real->flags & OPTION_ARG_OPTIONAL ? optional : required,
			       real->arg);
}

static void print_header(struct wb_argp_help *help, const char *text, const struct argp *argp)
{
	const char *shown = wb_argp_filtered(help, text, ARGP_KEY_HELP_HEADER, argp);
	struct wb_flow *flow = &help->flow;

	if (!shown)
		return;
	if (*shown) {
		if (help->before)
			wb_flow_putc(flow, '\n');
		indent(flow, help->layout.header_col);
		wb_flow_set_left(flow, help->layout.header_col);
		wb_flow_set_wrap(flow, help->layout.header_col);
		wb_flow_puts(flow, shown);
		wb_flow_set_left(flow, 0);
		wb_flow_putc(flow, '\n');
	}
	help->separates_groups = true;
	wb_argp_release(shown, text);
}

static bool is_inside(const struct wb_argp_cluster *cluster, const struct wb_argp_cluster *of)
{
	while (cluster && cluster != of)
		cluster = cluster->parent;
	return cluster == of;
}

/* What stands before a name: the header of new clusters, or a comma. */
static void print_separator(struct wb_argp_help *help, const struct wb_argp_entry *entry, bool *first,
			    int column)
{
	const struct wb_argp_cluster *cluster = entry->cluster;
	const struct wb_argp_entry *before = help->before;
	struct wb_flow *flow = &help->flow;

	if (*first) {
		if (help->separates_groups && before && before->group != entry->group)
			wb_flow_putc(flow, '\n');
		if (cluster && cluster->header && *cluster->header &&
		    (!before || !is_inside(before->cluster, cluster))) {
			int wrap = flow->wrap;

			print_header(help, cluster->header, cluster->argp);
			wb_flow_set_wrap(flow, wrap);
		}
		*first = false;
	} else {
		wb_flow_puts(flow, ", ");
	}
	indent(flow, column);
}

static void print_names(struct wb_argp_help *help, const struct wb_argp_entry *entry, bool *first)
{
	const struct argp_option *real = entry->options;
	const struct wb_argp_layout *layout = &help->layout;
	struct wb_flow *flow = &help->flow;
	const char *shorts = entry->shorts;
	bool any_long = false;

	for (int i = 0; i < entry->count && !wb_argp_is_doc(entry); i++)
		any_long |= wb_argp_has_long(entry, i);
	wb_flow_set_wrap(flow, layout->short_opt_col);
	for (int i = 0; i < entry->count; i++) {
		if (!wb_argp_has_short(entry, i, &shorts))
			continue;
		print_separator(help, entry, first, layout->short_opt_col);
		wb_flow_putc(flow, '-');
		wb_flow_putc(flow, (char)entry->options[i].key);
		if (!any_long || layout->dup_args)
			print_argument(flow, real, " %s", "[%s]");
		else if (real->arg)
			help->left_out_arguments = true;
	}
	wb_flow_set_wrap(flow, wb_argp_is_doc(entry) ? layout->doc_opt_col : layout->long_opt_col);
	for (int i = 0; i < entry->count; i++) {
		const char *name = entry->options[i].name;

		if (!wb_argp_has_long(entry, i) || (wb_argp_is_doc(entry) && !*name))
			continue;
		print_separator(help, entry, first,
				wb_argp_is_doc(entry) ? layout->doc_opt_col : layout->long_opt_col);
		if (wb_argp_is_doc(entry)) {
			wb_flow_puts(flow, name);
		} else {
			wb_flow_printf(flow, "--%s", name);
			print_argument(flow, real, "=%s", "[=%s]");
		}
	}
}

static void print_entry(struct wb_argp_help *help, const struct wb_argp_entry *entry)
{
	const struct argp_option *real = entry->options;
	struct wb_flow *flow = &help->flow;
	int left = wb_flow_set_left(flow, 0), wrap = flow->wrap;
	int doc_column = help->layout.opt_doc_col;
	bool nothing = true;

	print_names(help, entry, &nothing);
	wb_flow_set_left(flow, 0);
	if (!nothing) {
		const char *shown = wb_argp_filtered(help, real->doc, real->key, entry->argp);

		if (shown && *shown) {
			int column = wb_flow_column(flow);

			wb_flow_set_left(flow, doc_column);
			wb_flow_set_wrap(flow, doc_column);
			if (column > doc_column + 3)
				wb_flow_putc(flow, '\n');
			else if (column >= doc_column)
				wb_flow_puts(flow, "   ");
			else
				indent(flow, doc_column);
			wb_flow_puts(flow, shown);
		}
		wb_argp_release(shown, real->doc);
		wb_flow_set_left(flow, 0);
		wb_flow_putc(flow, '\n');
	} else if (!_option_is_short(real) && !real->name) {
		print_header(help, real->doc, entry->argp);
	}
	if (!nothing || (!_option_is_short(real) && !real->name))
		help->before = entry;
	wb_flow_set_left(flow, left);
	wb_flow_set_wrap(flow, wrap);
}

void wb_argp_print_options(struct wb_argp_help *help)
{
	static const char note[] =
		"Mandatory or optional arguments to long options are also "
		"mandatory or optional for any corresponding short options.";
	const char *shown;

	for (int i = 0; i < help->count; i++)
		print_entry(help, &help->entries[i]);
	if (!help->left_out_arguments || !help->layout.dup_args_note)
		return;
	shown = wb_argp_filtered(help, note, ARGP_KEY_HELP_DUP_ARGS_NOTE,
				 help->state ? help->state->root_argp : NULL);
	if (shown && *shown) {
		wb_flow_putc(&help->flow, '\n');
		wb_flow_puts(&help->flow, shown);
		wb_flow_putc(&help->flow, '\n');
	}
	wb_argp_release(shown, note);
}
