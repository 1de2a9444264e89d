/* Types on top of a distilled base are put on top of a whole one. */
#include <stdlib.h>
#include <string.h>

#include "btf-internal.h"

/* In place of a new id, until there is one: a split struct has it as a member, so that the size has to be the same. */
#define EMBEDDED UINT32_MAX

/* A type of the distilled base; they are sorted by name. */
struct named {
	const char *name;
	__u32 id;
	__u32 found; /* structs and unions of this name in the base; of those with equal names, only in the first */
};

struct relocation {
	struct btf *btf;
	const struct btf *from, *to; /* distilled base, base */
	__u32 from_count; /* of ids */
	__u32 from_strings, to_strings; /* where strings of the own begin */
	struct named *names; /* without id 0 */
	__u32 *ids; /* new by old */
	__u32 *strings; /* new offsets by old, of the distilled base */
};

static const struct btf_type *distilled(const struct relocation *relocation, const struct named *named)
{
	return btf__type_by_id(relocation->from, named->id);
}

/* Only named types may be there, and only those that need no others. */
static int check_kind(__u32 id, const struct btf_type *type)
{
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_FWD:
		if (type->name_off)
			return 0;
		wb_warn("type [%u], kind [%d] is invalid for distilled base BTF; it is anonymous\n", id, btf_kind(type));
		return -EINVAL;
	default:
		wb_warn("type [%u] in distilled based BTF has unexpected kind [%d]\n", id, btf_kind(type));
		return -EINVAL;
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static int read_names(struct relocation *relocation)
{
	for (__u32 id = 1; id < relocation->from_count; id++) {
		const struct btf_type *type = btf__type_by_id(relocation->from, id);
		int result = type ? check_kind(id, type) : -errno;

		if (result)
			return result;
		relocation->names[id - 1].name = btf__name_by_offset(relocation->from, type->name_off);
		relocation->names[id - 1].id = id;
		if (!relocation->names[id - 1].name)
			return -EINVAL;
	}
	qsort(relocation->names, relocation->from_count - 1, sizeof(*relocation->names), compare);
	return 0;
}

/* The first of a name, or NULL. */
static struct named *find(const struct relocation *relocation, const char *name)
{
	struct named *names = relocation->names;
	__u32 low = 0, high = relocation->from_count - 1;

	while (low < high) {
		__u32 middle = low + (high - low) / 2;

		if (strcmp(names[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < relocation->from_count - 1 && !strcmp(names[low].name, name) ? &names[low] : NULL;
}

/* Marks what a member of a split struct is made of. */
static int mark_embedded(void *context, __u32 *id)
{
	struct relocation *relocation = context;
	__u32 next = *id;

	for (__u32 steps = btf__type_cnt(relocation->btf); next && steps; steps--) {
		const struct btf_type *type = btf__type_by_id(relocation->btf, next);

		if (!type)
			return -EINVAL;
		switch (btf_kind(type)) {
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_TYPE_TAG:
			next = type->type;
			break;
		case BTF_KIND_ARRAY:
			next = btf_array(type)->type;
			break;
		default:
			if (btf_is_composite(type) && next < relocation->from_count)
				relocation->ids[next] = EMBEDDED;
			return 0;
		}
	}
	return 0;
}

static bool has_sized_kind(const struct btf_type *type)
{
	return btf_is_int(type) || btf_is_float(type) || btf_is_any_enum(type);
}

/* Whether a type of the base is what a distilled type of the same name stands for. */
static bool matches(const struct relocation *relocation, const struct named *named, const struct btf_type *base,
		    bool ambiguous)
{
	const struct btf_type *type = distilled(relocation, named);
	__u32 kind = btf_kind(base);

	if ((has_sized_kind(base) || (btf_is_composite(base) && ambiguous)) && type->size != base->size)
		return false;
	switch (btf_kind(type)) {
	case BTF_KIND_FWD:
		/* NB: libbpf looks at the flag of structs, too, where it says something else. */
		return kind == BTF_KIND_FWD	 ? btf_kflag(type) == btf_kflag(base)
		       : kind == BTF_KIND_STRUCT ? !btf_kflag(base)
						 : kind == BTF_KIND_UNION && btf_kflag(base);
	case BTF_KIND_INT:
		return kind == BTF_KIND_INT && btf_int_encoding(type) == btf_int_encoding(base);
	case BTF_KIND_FLOAT:
		return kind == BTF_KIND_FLOAT;
	case BTF_KIND_ENUM:
		return btf_is_any_enum(base);
	default:
		/* A struct may have become a union, and the other way round. */
		return relocation->ids[named->id] != EMBEDDED || type->size == base->size;
	}
}

/* Maps all distilled types that one type of the base is. */
static int map_type(struct relocation *relocation, __u32 id, const struct btf_type *base)
{
	const char *name = btf__name_by_offset(relocation->to, base->name_off);
	struct named *first = name ? find(relocation, name) : NULL;
	struct named *end = relocation->names + relocation->from_count - 1;

	for (struct named *named = first; named && named < end && !strcmp(named->name, name); named++) {
		__u32 *new_id = &relocation->ids[named->id];

		if (!matches(relocation, named, base, first->found > 1))
			continue;
		if (*new_id && *new_id != EMBEDDED) {
			wb_warn("distilled base BTF type '%s' [%u], size %u has multiple candidates of the same size "
				"(ids [%u, %u]) in base BTF\n",
				name, named->id, base->size, id, *new_id);
			return -EINVAL;
		}
		*new_id = id;
		relocation->strings[distilled(relocation, named)->name_off] = base->name_off;
	}
	return 0;
}

/* A type of the base that may be meant, or NULL. */
static const struct btf_type *candidate(const struct relocation *relocation, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(relocation->to, id);

	if (!type || !type->name_off)
		return NULL;
	return has_sized_kind(type) || btf_is_composite(type) || btf_is_fwd(type) ? type : NULL;
}

static int map_types(struct relocation *relocation)
{
	__u32 count = btf__type_cnt(relocation->to);

	for (__u32 id = 1; id < count; id++) {
		const struct btf_type *type = candidate(relocation, id);
		struct named *named;

		if (!type || !btf_is_composite(type))
			continue;
		named = find(relocation, btf__name_by_offset(relocation->to, type->name_off));
		if (named)
			named->found++;
	}
	for (__u32 id = 1; id < count; id++) {
		const struct btf_type *type = candidate(relocation, id);
		int result = type ? map_type(relocation, id, type) : 0;

		if (result)
			return result;
	}
	for (__u32 id = 1; id < relocation->from_count; id++) {
		const struct btf_type *type = btf__type_by_id(relocation->from, id);

		if (relocation->ids[id] && relocation->ids[id] != EMBEDDED)
			continue;
		wb_warn("distilled base BTF type '%s' [%u] is not mapped to base BTF id\n",
			btf__name_by_offset(relocation->from, type->name_off), id);
		return -EINVAL;
	}
	return 0;
}

static int move_id(void *context, __u32 *id)
{
	struct relocation *relocation = context;

	if (*id >= btf__type_cnt(relocation->btf))
		return -EINVAL;
	if (*id < relocation->from_count)
		*id = relocation->ids[*id];
	else
		*id += btf__type_cnt(relocation->to) - relocation->from_count;
	return 0;
}

static int move_string(void *context, __u32 *offset)
{
	struct relocation *relocation = context;

	if (!*offset)
		return 0;
	if (*offset >= relocation->from_strings) {
		*offset += relocation->to_strings - relocation->from_strings;
		return 0;
	}
	if (!relocation->strings[*offset]) {
		wb_warn("string '%s' [offset %u] is not mapped to base BTF\n",
			btf__str_by_offset(relocation->from, *offset), *offset);
		return -ENOENT;
	}
	*offset = relocation->strings[*offset];
	return 0;
}

/* Calls back for all own types. */
static int visit_own(struct relocation *relocation, bool strings, wb_btf_visit_fn callback, bool composite)
{
	struct btf *btf = relocation->btf;
	int result = 0;

	for (__u32 i = 0; !result && i < btf->count; i++) {
		struct btf_type *type = (void *)(btf->types + btf->offsets[i]);

		if (!composite || btf_is_composite(type))
			result = wb_btf_visit(type, strings, callback, relocation);
	}
	return result;
}

/* Writes new ids and offsets into the types: all or nothing. */
static int rewrite(struct relocation *relocation)
{
	struct btf *btf = relocation->btf;
	char *before = malloc(btf->types_size + 1);
	int result;

	if (!before)
		return -ENOMEM;
	memcpy(before, btf->types, btf->types_size);
	result = visit_own(relocation, false, move_id, false);
	if (!result)
		result = visit_own(relocation, true, move_string, false);
	if (result)
		memcpy(btf->types, before, btf->types_size);
	free(before);
	return result;
}

int btf__relocate(struct btf *btf, const struct btf *base_btf)
{
	struct relocation relocation = { .btf = btf, .from = btf->base, .to = base_btf };
	int result;

	if (!btf->base || !base_btf || btf->base == base_btf)
		return wb_fail(EINVAL);
	result = wb_btf_begin_write(btf);
	if (result)
		return wb_fail(-result);
	relocation.from_count = btf->first_id;
	relocation.from_strings = btf->first_string;
	relocation.to_strings = base_btf->first_string + base_btf->string_size;
	relocation.names = calloc(relocation.from_count, sizeof(*relocation.names));
	relocation.ids = calloc(relocation.from_count, sizeof(*relocation.ids));
	relocation.strings = calloc(relocation.from_strings + 1, sizeof(*relocation.strings));
	result = relocation.names && relocation.ids && relocation.strings ? read_names(&relocation) : -ENOMEM;
	if (!result)
		result = visit_own(&relocation, false, mark_embedded, true);
	if (!result)
		result = map_types(&relocation);
	if (!result)
		result = rewrite(&relocation);
	free(relocation.names);
	free(relocation.ids);
	free(relocation.strings);
	if (result)
		return wb_fail(-result);
	if (btf->owns_base)
		btf__free(btf->base);
	btf->owns_base = false;
	btf->base = (struct btf *)base_btf;
	btf->first_id = btf__type_cnt(base_btf);
	btf->first_string = relocation.to_strings;
	return 0;
}
