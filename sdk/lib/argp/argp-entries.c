/* SPDX-License-Identifier: MIT */
/* Options with their aliases, in the order in which help texts have them. */
#define _GNU_SOURCE
#include "argp-help.h"
#include <string.h>

static bool is_visible(const struct argp_option *option)
{
	return !(option->flags & OPTION_HIDDEN);
}

static struct wb_argp_cluster *add_cluster(struct wb_argp_help *help, const struct argp_child *child,
					   int place, const struct wb_argp_cluster *parent,
					   const struct argp *argp)
{
	struct wb_argp_cluster *cluster = wb_argp_allocate(sizeof(*cluster));

	*cluster = (struct wb_argp_cluster){
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

void wb_argp_add_entries(struct wb_argp_help *help, const struct argp *argp,
			 const struct wb_argp_cluster *cluster)
{
	const struct argp_option *option = argp->options;
	const struct argp_child *child = argp->children;
	int group = 0;

	while (option && !_option_is_end(option)) {
		struct wb_argp_entry *entry;
		int shorts = 0;

		help->entries = realloc(help->entries, (size_t)(help->count + 1) * sizeof(*entry));
		if (!help->entries)
			abort();
		entry = &help->entries[help->count];
		if (option->group)
			group = option->group;
		else if (!option->name && !option->key)
			group++;
		*entry = (struct wb_argp_entry){
			.options = option,
			.group = group,
			.cluster = cluster,
			.argp = argp,
			.place = help->count++,
		};
		do {
			option++;
			entry->count++;
		} while (!_option_is_end(option) && (option->flags & OPTION_ALIAS));
		entry->shorts = wb_argp_allocate((size_t)entry->count + 1);
		for (int i = 0; i < entry->count; i++) {
			int key = entry->options[i].key;

			if (!_option_is_short(&entry->options[i]) || help->used_shorts[key])
				continue;
			help->used_shorts[key] = 1;
			entry->shorts[shorts++] = (char)key;
		}
	}
	for (int place = 0; child && child->argp; child++, place++) {
		bool is_apart = child->group || child->header;

		wb_argp_add_entries(help, child->argp,
				    is_apart ? add_cluster(help, child, place, cluster, argp) : cluster);
	}
}

bool wb_argp_has_short(const struct wb_argp_entry *entry, int i, const char **shorts)
{
	const struct argp_option *option = &entry->options[i];

	if (!_option_is_short(option) || **shorts != option->key)
		return false;
	++*shorts;
	return is_visible(option);
}

bool wb_argp_has_long(const struct wb_argp_entry *entry, int i)
{
	return entry->options[i].name && is_visible(&entry->options[i]);
}

static int first_short(const struct wb_argp_entry *entry)
{
	const char *shorts = entry->shorts;

	for (int i = 0; i < entry->count; i++)
		if (wb_argp_has_short(entry, i, &shorts))
			return entry->options[i].key;
	return 0;
}

static const char *first_long(const struct wb_argp_entry *entry)
{
	for (int i = 0; i < entry->count; i++)
		if (wb_argp_has_long(entry, i))
			return entry->options[i].name;
	return NULL;
}

bool wb_argp_is_doc(const struct wb_argp_entry *entry)
{
	return entry->options->flags & OPTION_DOC;
}

/* 0, 1, 2, ..., -2, -1 */
static int compare_groups(int a, int b)
{
	return (a < 0) == (b < 0) ? a - b : b - a;
}

static const struct wb_argp_cluster *ancestor(const struct wb_argp_cluster *cluster, int depth)
{
	while (cluster->depth > depth)
		cluster = cluster->parent;
	return cluster;
}

/* One cluster after its parent, and what is in it after all that its parent's equals have. */
static int compare_clusters(const struct wb_argp_cluster *a, const struct wb_argp_cluster *b)
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
	*name = wb_argp_skip_blanks(*name);
	is_text = **name != '-';
	while (**name && !isalnum((unsigned char)**name))
		++*name;
	return is_text;
}

static int compare_entries(const void *first, const void *second)
{
	const struct wb_argp_entry *a = first, *b = second;
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
	doc_a = wb_argp_is_doc(a) && find_doc_name(&long_a);
	doc_b = wb_argp_is_doc(b) && find_doc_name(&long_b);
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

void wb_argp_sort_entries(struct wb_argp_help *help)
{
	static const char *const last[] = { "help", "version" };

	for (int which = 0; which < 2; which++)
		for (int i = 0; i < help->count; i++) {
			struct wb_argp_entry *entry = &help->entries[i];
			bool found = false;

			for (int j = 0; j < entry->count; j++)
				found |= wb_argp_has_long(entry, j) &&
					 strcmp(entry->options[j].name, last[which]) == 0;
			if (found) {
				entry->group = -1;
				break;
			}
		}
	if (help->count)
		qsort(help->entries, (size_t)help->count, sizeof(struct wb_argp_entry), compare_entries);
}
