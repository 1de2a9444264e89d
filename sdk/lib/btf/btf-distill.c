/* What split types need of their base: its named types without their members, to be found again in another base. */
#include <stdlib.h>

#include "btf-internal.h"

struct distill {
	const struct btf *from;
	struct btf *to;
	__u32 count; /* of all ids in `from` */
	__u32 first; /* of its split types; lower ids are the base's */
	__u32 shift; /* so much lower are the ids of split types */
	__u32 *ids; /* by old id: 0 not needed or split, otherwise the new one; the old one until there is one */
};

/* Marks a type that is referred to, with all that it refers to. */
static int mark(void *context, __u32 *id)
{
	struct distill *distill = context;
	const struct btf_type *type;

	if (*id >= distill->count)
		return -EINVAL;
	if (!*id || *id >= distill->first || distill->ids[*id])
		return 0;
	type = btf__type_by_id(distill->from, *id);
	if (!type)
		return -errno;
	switch (btf_kind(type)) {
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DATASEC:
	case BTF_KIND_DECL_TAG:
		wb_warn("unexpected reference to base type[%u] of kind [%u] when creating distilled base BTF.\n", *id,
			btf_kind(type));
		return -EINVAL;
	}
	distill->ids[*id] = *id;
	if (btf_is_composite(type) && type->name_off)
		return 0;
	return wb_btf_visit((struct btf_type *)type, false, mark, distill);
}

/* Whether a type goes into the new base; others are added to the split types. */
static bool is_base(const struct btf_type *type)
{
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		return true;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return type->name_off;
	default:
		return false;
	}
}

static int add_base(const struct distill *distill, const struct btf_type *type)
{
	const char *name = btf__name_by_offset(distill->from, type->name_off);

	switch (btf_kind(type)) {
	case BTF_KIND_STRUCT:
		return btf__add_struct(distill->to, name, type->size);
	case BTF_KIND_UNION:
		return btf__add_union(distill->to, name, type->size);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return btf__add_enum(distill->to, name, type->size);
	default:
		return btf__add_type(distill->to, distill->from, type);
	}
}

/* Adds the types that are marked to the new base, or to the new split types. */
static int add_marked(const struct distill *distill, bool base)
{
	for (__u32 id = 1; id < distill->first; id++) {
		const struct btf_type *type = distill->ids[id] ? btf__type_by_id(distill->from, id) : NULL;
		int added;

		if (!type || is_base(type) != base)
			continue;
		added = base ? add_base(distill, type) : btf__add_type(distill->to, distill->from, type);
		if (added < 0)
			return added;
		distill->ids[id] = added;
	}
	return 0;
}

static int add_split(const struct distill *distill)
{
	for (__u32 id = distill->first; id < distill->count; id++) {
		const struct btf_type *type = btf__type_by_id(distill->from, id);
		int added = type ? btf__add_type(distill->to, distill->from, type) : -errno;

		if (added < 0)
			return added;
	}
	return 0;
}

static int renumber(void *context, __u32 *id)
{
	const struct distill *distill = context;

	*id = *id >= distill->first ? *id - distill->shift : distill->ids[*id];
	return 0;
}

/* Visits the own types of `btf`. */
static int visit_own(const struct btf *btf, wb_btf_visit_fn callback, struct distill *distill)
{
	int result = 0;

	for (__u32 id = btf->first_id; !result && id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		result = type ? wb_btf_visit((struct btf_type *)type, false, callback, distill) : -errno;
	}
	return result;
}

int btf__distill_base(const struct btf *src_btf, struct btf **new_base_btf, struct btf **new_split_btf)
{
	struct btf *base = NULL, *split = NULL;
	struct distill distill = { .from = src_btf, .count = btf__type_cnt(src_btf), .first = src_btf->first_id };
	int result;

	if (!new_base_btf || !new_split_btf || !src_btf->base)
		return wb_fail(EINVAL);
	distill.ids = calloc(distill.count, sizeof(*distill.ids));
	distill.to = base = btf__new_empty();
	if (base)
		base->big_endian = src_btf->big_endian;
	result = base && distill.ids ? visit_own(src_btf, mark, &distill) : -ENOMEM;
	if (!result)
		result = add_marked(&distill, true);
	if (!result) {
		distill.to = split = btf__new_empty_split(base);
		result = split ? add_split(&distill) : -ENOMEM;
	}
	if (!result)
		result = add_marked(&distill, false);
	if (!result) {
		distill.shift = distill.first - split->first_id;
		result = visit_own(split, renumber, &distill);
	}
	free(distill.ids);
	if (result) {
		btf__free(split);
		btf__free(base);
		return wb_fail(-result);
	}
	*new_base_btf = base;
	*new_split_btf = split;
	return 0;
}
