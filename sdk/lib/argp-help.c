/* SPDX-License-Identifier: MIT */
/* Help, usage and error texts of argp. */
#define _GNU_SOURCE
#include "argp-internal.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

__attribute__((weak)) const char *argp_program_bug_address;
__attribute__((weak)) error_t argp_err_exit_status = EX_USAGE;

/* ---- Layout, which the variable ARGP_HELP_FMT can change ---- */

struct layout {
	int dup_args, dup_args_note;
	int short_opt_col, long_opt_col, doc_opt_col, opt_doc_col, header_col;
	int usage_indent, rmargin;
};

static const struct layout_field {
	const char *name;
	bool is_switch;
	size_t offset;
} layout_fields[] = {
	{ "dup-args", true, offsetof(struct layout, dup_args) },
	{ "dup-args-note", true, offsetof(struct layout, dup_args_note) },
	{ "short-opt-col", false, offsetof(struct layout, short_opt_col) },
	{ "long-opt-col", false, offsetof(struct layout, long_opt_col) },
	{ "doc-opt-col", false, offsetof(struct layout, doc_opt_col) },
	{ "opt-doc-col", false, offsetof(struct layout, opt_doc_col) },
	{ "header-col", false, offsetof(struct layout, header_col) },
	{ "usage-indent", false, offsetof(struct layout, usage_indent) },
	{ "rmargin", false, offsetof(struct layout, rmargin) },
};

#define FIELDS (sizeof(layout_fields) / sizeof(layout_fields[0]))

static int *layout_value(struct layout *layout, const struct layout_field *field)
{
	return (int *)((char *)layout + field->offset);
}

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static bool columns_fit(struct layout *layout, const struct argp_state *state)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct layout_field *field = &layout_fields[i];

		if (!field->is_switch && field->offset != offsetof(struct layout, rmargin) &&
		    *layout_value(layout, field) >= layout->rmargin) {
			argp_failure(state, 0, 0,
				     "ARGP_HELP_FMT: %s value is less than or equal to %s",
				     "rmargin", field->name);
			return false;
		}
	}
	return true;
}

/* "no-dup-args,rmargin=60 header-col 2"; a wrong one changes nothing. */
static void read_layout(struct layout *layout, const struct argp_state *state)
{
	const char *text = getenv("ARGP_HELP_FMT");
	struct layout wanted = *layout;

	while (text && *text) {
		size_t length = 0;
		const char *name, *value;
		const struct layout_field *field = layout_fields;
		bool given;
		int number = 0;

		text = skip_blanks(text);
		if (!isalpha((unsigned char)*text)) {
			if (*text)
				argp_failure(state, 0, 0, "Garbage in ARGP_HELP_FMT: %s", text);
			break;
		}
		name = text;
		while (isalnum((unsigned char)name[length]) || name[length] == '-' ||
		       name[length] == '_')
			length++;
		value = skip_blanks(name + length);
		given = *value && *value != ',';
		if (*value == '=')
			value = skip_blanks(value + 1);
		if (!given) {
			number = !(length > 3 && strncmp(name, "no-", 3) == 0);
			if (!number) {
				name += 3;
				length -= 3;
			}
		} else if (isdigit((unsigned char)*value)) {
			number = (int)strtol(value, (char **)&value, 10);
			value = skip_blanks(value);
		}
		while (field < layout_fields + FIELDS &&
		       !(strlen(field->name) == length &&
			 strncmp(field->name, name, length) == 0))
			field++;
		if (field == layout_fields + FIELDS) {
			argp_failure(state, 0, 0, "%.*s: Unknown ARGP_HELP_FMT parameter",
				     (int)length, name);
			break;
		}
		if (!given && !field->is_switch)
			argp_failure(state, 0, 0,
				     "%.*s: ARGP_HELP_FMT parameter requires a value",
				     (int)length, name);
		else
			*layout_value(&wanted, field) = number;
		text = *value == ',' ? value + 1 : value;
	}
	if (columns_fit(&wanted, state))
		*layout = wanted;
}

/* ---- Entries: an option with its aliases ---- */

/* Options of a child parser that stand together. */
struct cluster {
	const char *header;
	const struct argp *argp;
	int group, place, depth;
	const struct cluster *parent;
	struct cluster *allocated_before;
};

struct entry {
	const struct argp_option *options;
	int count;
	char *shorts; /* those of its short names that no entry before has */
	int group;
	const struct cluster *cluster;
	const struct argp *argp;
	int place;
};

struct help {
	struct wb_flow flow;
	struct layout layout;
	const struct argp_state *state;
	struct entry *entries;
	int count;
	struct cluster *clusters;
	char used_shorts[128];
	/* While options are printed. */
	const struct entry *before;
	bool separates_groups, left_out_arguments;
};

static bool is_visible(const struct argp_option *option)
{
	return !(option->flags & OPTION_HIDDEN);
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

static struct cluster *add_cluster(struct help *help, const struct argp_child *child,
				   int place, const struct cluster *parent,
				   const struct argp *argp)
{
	struct cluster *cluster = allocate(sizeof(*cluster));

	*cluster = (struct cluster){
		.header = child->header,
		.argp = argp,
		.group = child->group,
		.place = place,
		.depth = parent ? parent->depth + 1 : 0,
		.parent = parent,
		.allocated_before = help->clusters,
	};
	help->clusters = cluster;
	return cluster;
}

static void add_entries(struct help *help, const struct argp *argp,
			const struct cluster *cluster)
{
	const struct argp_option *option = argp->options;
	const struct argp_child *child = argp->children;
	int group = 0;

	while (option && !_option_is_end(option)) {
		struct entry *entry;
		int shorts = 0;

		help->entries = realloc(help->entries, (size_t)(help->count + 1) * sizeof(*entry));
		if (!help->entries)
			abort();
		entry = &help->entries[help->count];
		if (option->group)
			group = option->group;
		else if (!option->name && !option->key)
			group++;
		*entry = (struct entry){ .options = option, .group = group,
					 .cluster = cluster, .argp = argp,
					 .place = help->count++ };
		do {
			option++;
			entry->count++;
		} while (!_option_is_end(option) && (option->flags & OPTION_ALIAS));
		entry->shorts = allocate((size_t)entry->count + 1);
		for (int i = 0; i < entry->count; i++) {
			int key = entry->options[i].key;

			if (!_option_is_short(&entry->options[i]) || help->used_shorts[key])
				continue;
			help->used_shorts[key] = 1;
			entry->shorts[shorts++] = (char)key;
		}
	}
	for (int place = 0; child && child->argp; child++, place++)
		add_entries(help, child->argp,
			    child->group || child->header ?
				    add_cluster(help, child, place, cluster, argp) :
				    cluster);
}

/* Whether option `i` is printed with its short name. `*shorts` moves on. */
static bool has_short(const struct entry *entry, int i, const char **shorts)
{
	const struct argp_option *option = &entry->options[i];

	if (!_option_is_short(option) || **shorts != option->key)
		return false;
	++*shorts;
	return is_visible(option);
}

static bool has_long(const struct entry *entry, int i)
{
	return entry->options[i].name && is_visible(&entry->options[i]);
}

static int first_short(const struct entry *entry)
{
	const char *shorts = entry->shorts;

	for (int i = 0; i < entry->count; i++)
		if (has_short(entry, i, &shorts))
			return entry->options[i].key;
	return 0;
}

static const char *first_long(const struct entry *entry)
{
	for (int i = 0; i < entry->count; i++)
		if (has_long(entry, i))
			return entry->options[i].name;
	return NULL;
}

static bool is_doc(const struct entry *entry)
{
	return entry->options->flags & OPTION_DOC;
}

/* ---- Order ---- */

/* 0, 1, 2, ..., -2, -1 */
static int compare_groups(int a, int b)
{
	return (a < 0) == (b < 0) ? a - b : b - a;
}

static const struct cluster *ancestor(const struct cluster *cluster, int depth)
{
	while (cluster->depth > depth)
		cluster = cluster->parent;
	return cluster;
}

/* One cluster after its parent, and what is in it after all that its parent's equals have. */
static int compare_clusters(const struct cluster *a, const struct cluster *b)
{
	int order;

	if (a == b)
		return 0;
	if (a->depth > b->depth) {
		order = compare_clusters(a->parent, b);
		return order ? order : 1;
	}
	if (a->depth < b->depth) {
		order = compare_clusters(a, b->parent);
		return order ? order : -1;
	}
	order = a->parent ? compare_clusters(a->parent, b->parent) : 0;
	if (!order)
		order = compare_groups(a->group, b->group);
	return order ? order : b->place - a->place;
}

/* Where a text that is no option begins for sorting; true when it does not look like an option. */
static bool find_doc_name(const char **name)
{
	bool is_text;

	if (!*name)
		return false;
	*name = skip_blanks(*name);
	is_text = **name != '-';
	while (**name && !isalnum((unsigned char)**name))
		++*name;
	return is_text;
}

static int compare_entries(const void *first, const void *second)
{
	const struct entry *a = first, *b = second;
	const char *long_a = first_long(a), *long_b = first_long(b);
	int short_a = first_short(a), short_b = first_short(b);
	int doc_a, doc_b, letter_a, letter_b, order;

	order = compare_groups(a->cluster ? ancestor(a->cluster, 0)->group : a->group,
			       b->cluster ? ancestor(b->cluster, 0)->group : b->group);
	if (!order)
		order = !!a->cluster - !!b->cluster;
	if (!order && a->cluster)
		order = compare_clusters(a->cluster, b->cluster);
	if (!order)
		order = compare_groups(a->group, b->group);
	if (order)
		return order;
	doc_a = is_doc(a) && find_doc_name(&long_a);
	doc_b = is_doc(b) && find_doc_name(&long_b);
	if (doc_a != doc_b)
		return doc_a - doc_b;
	letter_a = (unsigned char)(short_a ? short_a : long_a ? *long_a : 0);
	letter_b = (unsigned char)(short_b ? short_b : long_b ? *long_b : 0);
	order = tolower(letter_a) - tolower(letter_b);
	if (!order)
		order = letter_b - letter_a;
	if (!order)
		order = !!short_a - !!short_b;
	if (!order && !short_a && long_a && long_b)
		order = strcasecmp(long_a, long_b);
	return order ? order : a->place - b->place;
}

static void sort_entries(struct help *help)
{
	static const char *const last[] = { "help", "version" };

	for (int which = 0; which < 2; which++)
		for (int i = 0; i < help->count; i++) {
			struct entry *entry = &help->entries[i];
			bool found = false;

			for (int j = 0; j < entry->count; j++)
				found |= has_long(entry, j) &&
					 strcmp(entry->options[j].name, last[which]) == 0;
			if (found) {
				entry->group = -1;
				break;
			}
		}
	if (help->count)
		qsort(help->entries, (size_t)help->count, sizeof(struct entry), compare_entries);
}

/* ---- Texts that the program may replace ---- */

static const char *filtered(const struct help *help, const char *text, int key,
			    const struct argp *argp)
{
	if (!argp || !argp->help_filter)
		return text;
	return argp->help_filter(key, text, wb_argp_input(argp, help->state));
}

static void release(const char *filtered_text, const char *text)
{
	if (filtered_text && filtered_text != text)
		free((char *)filtered_text);
}

/* ---- The list of options ---- */

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

static void print_header(struct help *help, const char *text, const struct argp *argp)
{
	const char *shown = filtered(help, text, ARGP_KEY_HELP_HEADER, argp);
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
	release(shown, text);
}

static bool is_inside(const struct cluster *cluster, const struct cluster *of)
{
	while (cluster && cluster != of)
		cluster = cluster->parent;
	return cluster == of;
}

/* What stands before a name: the header of new clusters, or a comma. */
static void print_separator(struct help *help, const struct entry *entry, bool *first,
			    int column)
{
	const struct cluster *cluster = entry->cluster;
	const struct entry *before = help->before;
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

static void print_names(struct help *help, const struct entry *entry, bool *first)
{
	const struct argp_option *real = entry->options;
	const struct layout *layout = &help->layout;
	struct wb_flow *flow = &help->flow;
	const char *shorts = entry->shorts;
	bool any_long = false;

	for (int i = 0; i < entry->count && !is_doc(entry); i++)
		any_long |= has_long(entry, i);
	wb_flow_set_wrap(flow, layout->short_opt_col);
	for (int i = 0; i < entry->count; i++) {
		if (!has_short(entry, i, &shorts))
			continue;
		print_separator(help, entry, first, layout->short_opt_col);
		wb_flow_putc(flow, '-');
		wb_flow_putc(flow, (char)entry->options[i].key);
		if (!any_long || layout->dup_args)
			print_argument(flow, real, " %s", "[%s]");
		else if (real->arg)
			help->left_out_arguments = true;
	}
	wb_flow_set_wrap(flow, is_doc(entry) ? layout->doc_opt_col : layout->long_opt_col);
	for (int i = 0; i < entry->count; i++) {
		const char *name = entry->options[i].name;

		if (!has_long(entry, i) || (is_doc(entry) && !*name))
			continue;
		print_separator(help, entry, first,
				is_doc(entry) ? layout->doc_opt_col : layout->long_opt_col);
		if (is_doc(entry)) {
			wb_flow_puts(flow, name);
		} else {
			wb_flow_printf(flow, "--%s", name);
			print_argument(flow, real, "=%s", "[=%s]");
		}
	}
}

static void print_entry(struct help *help, const struct entry *entry)
{
	const struct argp_option *real = entry->options;
	struct wb_flow *flow = &help->flow;
	int left = wb_flow_set_left(flow, 0), wrap = flow->wrap;
	int doc_column = help->layout.opt_doc_col;
	bool nothing = true;

	print_names(help, entry, &nothing);
	wb_flow_set_left(flow, 0);
	if (!nothing) {
		const char *shown = filtered(help, real->doc, real->key, entry->argp);

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
		release(shown, real->doc);
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

static void print_options(struct help *help)
{
	static const char note[] =
		"Mandatory or optional arguments to long options are also "
		"mandatory or optional for any corresponding short options.";
	const char *shown;

	for (int i = 0; i < help->count; i++)
		print_entry(help, &help->entries[i]);
	if (!help->left_out_arguments || !help->layout.dup_args_note)
		return;
	shown = filtered(help, note, ARGP_KEY_HELP_DUP_ARGS_NOTE,
			 help->state ? help->state->root_argp : NULL);
	if (shown && *shown) {
		wb_flow_putc(&help->flow, '\n');
		wb_flow_puts(&help->flow, shown);
		wb_flow_putc(&help->flow, '\n');
	}
	release(shown, note);
}

/* ---- Usage ---- */

/* A blank, or a new line when `size` bytes do not fit. */
static void print_space(struct wb_flow *flow, size_t size)
{
	wb_flow_putc(flow, wb_flow_column(flow) + (int)size >= flow->right ? '\n' : ' ');
}

enum usage_part { FLAGS, SHORTS_WITH_ARGUMENT, LONGS };

/* One part of an entry; for FLAGS, letters are added to `letters`. */
static void print_usage_of(struct wb_flow *flow, const struct entry *entry,
			   enum usage_part part, char *letters)
{
	const struct argp_option *real = entry->options;
	const char *shorts = entry->shorts;

	for (int i = 0; i < entry->count; i++) {
		const struct argp_option *option = &entry->options[i];
		int flags = option->flags | real->flags;
		const char *arg = option->arg ? option->arg : real->arg;

		if (part == LONGS ? !has_long(entry, i) : !has_short(entry, i, &shorts))
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

static void print_usage_options(struct help *help)
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
static bool print_arguments(struct help *help, const struct argp *argp, char **level,
			    bool advance)
{
	const char *shown = filtered(help, argp->args_doc, ARGP_KEY_HELP_ARGS_DOC, argp);
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
	release(shown, argp->args_doc);
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

static void print_usage(struct help *help, const struct argp *argp, bool only_short,
			const char *name)
{
	char *levels = allocate(count_levels(argp) + 1), *level;
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

/* ---- Texts before and after the options ---- */

static bool print_text(struct wb_flow *flow, const char *text, bool blank_before)
{
	if (!text)
		return false;
	if (blank_before)
		wb_flow_putc(flow, '\n');
	wb_flow_puts(flow, text);
	if (wb_flow_column(flow) > flow->left)
		wb_flow_putc(flow, '\n');
	return true;
}

/* Those of the parser and its children; before the options only the first. */
static bool print_docs(struct help *help, const struct argp *argp, bool after,
		       bool blank_before, bool only_first)
{
	const char *split = argp->doc ? strchr(argp->doc, '\v') : NULL;
	const char *text = after ? (split ? split + 1 : NULL) : argp->doc, *shown;
	char *copy = NULL;
	bool any;

	/* NB: a text that begins with \v is printed whole, as by glibc. */
	if (split > argp->doc && !after)
		text = copy = strndup(argp->doc, (size_t)(split - argp->doc));
	shown = filtered(help, text,
			 after ? ARGP_KEY_HELP_POST_DOC : ARGP_KEY_HELP_PRE_DOC, argp);
	any = print_text(&help->flow, shown, blank_before);
	release(shown, text);
	free(copy);
	if (after && argp->help_filter) {
		shown = filtered(help, NULL, ARGP_KEY_HELP_EXTRA, argp);
		any |= print_text(&help->flow, shown, any || blank_before);
		release(shown, NULL);
	}
	for (const struct argp_child *child = argp->children;
	     child && child->argp && !(only_first && any); child++)
		any |= print_docs(help, child->argp, after, any || blank_before, only_first);
	return any;
}

/* ---- All together ---- */

static void print_help(const struct argp *argp, const struct argp_state *state,
		       FILE *stream, unsigned flags, const char *name)
{
	struct help help = {
		.layout = { 0, 1, 2, 6, 2, 29, 1, 12, 79 },
		.state = state,
	};
	bool any = false;

	if (!stream || !argp)
		return;
	read_layout(&help.layout, state);
	wb_flow_open(&help.flow, stream, help.layout.rmargin);
	if (flags & (ARGP_HELP_USAGE | ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG)) {
		add_entries(&help, argp, NULL);
		sort_entries(&help);
	}
	if (flags & (ARGP_HELP_USAGE | ARGP_HELP_SHORT_USAGE)) {
		print_usage(&help, argp, flags & ARGP_HELP_SHORT_USAGE, name);
		any = true;
	}
	if (flags & ARGP_HELP_PRE_DOC)
		any |= print_docs(&help, argp, false, false, true);
	if (flags & ARGP_HELP_SEE) {
		wb_flow_printf(&help.flow,
			       "Try `%s --help' or `%s --usage' for more information.\n",
			       name, name);
		any = true;
	}
	if ((flags & ARGP_HELP_LONG) && help.count) {
		if (any)
			wb_flow_putc(&help.flow, '\n');
		print_options(&help);
		any = true;
	}
	if (flags & ARGP_HELP_POST_DOC)
		any |= print_docs(&help, argp, true, any, false);
	if ((flags & ARGP_HELP_BUG_ADDR) && argp_program_bug_address) {
		if (any)
			wb_flow_putc(&help.flow, '\n');
		wb_flow_printf(&help.flow, "Report bugs to %s.\n", argp_program_bug_address);
	}
	wb_flow_close(&help.flow);
	for (int i = 0; i < help.count; i++)
		free(help.entries[i].shorts);
	free(help.entries);
	while (help.clusters) {
		struct cluster *cluster = help.clusters;

		help.clusters = cluster->allocated_before;
		free(cluster);
	}
}

const char *wb_argp_name(const struct argp_state *state)
{
	return state ? state->name : program_invocation_short_name;
}

static bool is_silent(const struct argp_state *state)
{
	return state && (state->flags & ARGP_NO_ERRS);
}

void argp_help(const struct argp *argp, FILE *stream, unsigned flags, char *name)
{
	print_help(argp, NULL, stream, flags, name);
}

void argp_state_help(const struct argp_state *state, FILE *stream, unsigned flags)
{
	if (is_silent(state) || !stream)
		return;
	print_help(state ? state->root_argp : NULL, state, stream, flags,
		   wb_argp_name(state));
	if (state && (state->flags & ARGP_NO_EXIT))
		return;
	if (flags & ARGP_HELP_EXIT_ERR)
		exit(argp_err_exit_status);
	if (flags & ARGP_HELP_EXIT_OK)
		exit(0);
}

void argp_usage(const struct argp_state *state)
{
	argp_state_help(state, stderr, ARGP_HELP_STD_USAGE);
}

void argp_error(const struct argp_state *state, const char *format, ...)
{
	FILE *stream = state ? state->err_stream : stderr;
	va_list arguments;

	if (is_silent(state) || !stream)
		return;
	fprintf(stream, "%s: ", wb_argp_name(state));
	va_start(arguments, format);
	vfprintf(stream, format, arguments);
	va_end(arguments);
	putc('\n', stream);
	argp_state_help(state, stream, ARGP_HELP_STD_ERR);
}

void argp_failure(const struct argp_state *state, int status, int errnum,
		  const char *format, ...)
{
	FILE *stream = state ? state->err_stream : stderr;
	va_list arguments;

	if (is_silent(state) || !stream)
		return;
	fputs(wb_argp_name(state), stream);
	if (format) {
		fputs(": ", stream);
		va_start(arguments, format);
		vfprintf(stream, format, arguments);
		va_end(arguments);
	}
	if (errnum)
		fprintf(stream, ": %s", strerror(errnum));
	putc('\n', stream);
	if (status && !(state && (state->flags & ARGP_NO_EXIT)))
		exit(status);
}

extern __typeof(argp_help) __argp_help __attribute__((alias("argp_help")));
extern __typeof(argp_state_help) __argp_state_help __attribute__((alias("argp_state_help")));
extern __typeof(argp_usage) __argp_usage __attribute__((alias("argp_usage")));
extern __typeof(argp_error) __argp_error __attribute__((alias("argp_error")));
extern __typeof(argp_failure) __argp_failure __attribute__((alias("argp_failure")));
