/* SPDX-License-Identifier: MIT */
/* The lines that say how a program is called. */
#define _GNU_SOURCE
#include "argp-help.h"
#include <string.h>

/* A blank, or a new line when `size` bytes do not fit. */
static void print_space(struct wb_flow *flow, size_t size)
{
	wb_flow_putc(flow, wb_flow_column(flow) + (int)size >= flow->right ? '\n' : ' ');
}

enum usage_part { FLAGS, SHORTS_WITH_ARGUMENT, LONGS };

/* One part of an entry; for FLAGS, letters are added to `letters`. */
static void print_usage_of(struct wb_flow *flow, const struct wb_argp_entry *entry,
			   enum usage_part part, char *letters)
{
	const struct argp_option *real = entry->options;
	const char *shorts = entry->shorts;

	for (int i = 0; i < entry->count; i++) {
		const struct argp_option *option = &entry->options[i];
		int flags = option->flags | real->flags;
		const char *arg = option->arg ? option->arg : real->arg;

		if (part == LONGS ? !wb_argp_has_long(entry, i) : !wb_argp_has_short(entry, i, &shorts))
			continue;
		if (flags & OPTION_NO_USAGE)
			continue;
		if (part == FLAGS) {
			if (!arg)
				letters[strlen(letters)] = (char)option->key;
		} else if (part == SHORTS_WITH_ARGUMENT) {
			if (arg && (flags & OPTION_ARG_OPTIONAL)) {
				wb_flow_printf(flow, " [-%c[%s]]", option->key, arg);
			} else if (arg) {
				print_space(flow, 6 + strlen(arg));
				wb_flow_printf(flow, "[-%c %s]", option->key, arg);
			}
		} else {
			if (!arg)
				wb_flow_printf(flow, " [--%s]", option->name);
			else if (flags & OPTION_ARG_OPTIONAL)
				wb_flow_printf(flow, " [--%s[=%s]]", option->name, arg);
			else
				wb_flow_printf(flow, " [--%s=%s]", option->name, arg);
		}
	}
}

static void print_usage_options(struct wb_argp_help *help)
{
	char letters[129] = "";

	for (int i = 0; i < help->count; i++)
		print_usage_of(&help->flow, &help->entries[i], FLAGS, letters);
	if (*letters)
		wb_flow_printf(&help->flow, " [-%s]", letters);
	for (int part = SHORTS_WITH_ARGUMENT; part <= LONGS; part++)
		for (int i = 0; i < help->count; i++)
			print_usage_of(&help->flow, &help->entries[i],
				       (enum usage_part)part, NULL);
}

/* Parsers whose arguments have alternatives. */
static size_t count_levels(const struct argp *argp)
{
	size_t levels = argp->args_doc && strchr(argp->args_doc, '\n');

	for (const struct argp_child *child = argp->children; child && child->argp; child++)
		levels += count_levels(child->argp);
	return levels;
}

/*
 * Prints one combination of alternatives of arguments; `*level` is the one of
 * this parser and goes on to the next when `advance`. Whether there are more.
 */
static bool print_arguments(struct wb_argp_help *help, const struct argp *argp, char **level,
			    bool advance)
{
	const char *shown = wb_argp_filtered(help, argp->args_doc, ARGP_KEY_HELP_ARGS_DOC, argp);
	bool has_alternatives = false, more = false;
	char *own = *level;

	if (shown) {
		const char *text = shown;
		size_t length = strcspn(text, "\n");

		if (text[length]) {
			has_alternatives = true;
			for (int i = 0; i < *own; i++) {
				text += length + 1;
				length = strcspn(text, "\n");
			}
			++*level;
		}
		more = text[length] != 0;
		print_space(&help->flow, 1 + length);
		wb_flow_write(&help->flow, text, length);
	}
	wb_argp_release(shown, argp->args_doc);
	for (const struct argp_child *child = argp->children; child && child->argp; child++)
		advance = !print_arguments(help, child->argp, level, advance);
	if (advance && has_alternatives) {
		if (more) {
			++*own;
			advance = false;
		} else {
			*own = 0;
		}
	}
	return !advance;
}

void wb_argp_print_usage(struct wb_argp_help *help, const struct argp *argp, bool only_short,
			 const char *name)
{
	char *levels = wb_argp_allocate(count_levels(argp) + 1), *level;
	struct wb_flow *flow = &help->flow;
	bool more, first = true;

	do {
		int wrap = wb_flow_set_wrap(flow, help->layout.usage_indent), left;

		wb_flow_printf(flow, "%s %s", first ? "Usage:" : "  or: ", name);
		left = wb_flow_set_left(flow, help->layout.usage_indent);
		if (!only_short)
			print_usage_options(help);
		else if (help->count)
			wb_flow_puts(flow, " [OPTION...]");
		only_short = true;
		level = levels;
		more = print_arguments(help, argp, &level, true);
		wb_flow_set_wrap(flow, wrap);
		wb_flow_set_left(flow, left);
		wb_flow_putc(flow, '\n');
		first = false;
	} while (more);
	free(levels);
}
