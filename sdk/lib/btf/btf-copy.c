/* Types of one struct btf copied into another. */
#include <stdlib.h>
#include <string.h>

#include "btf-internal.h"

int wb_btf_visit(struct btf_type *type, bool strings, wb_btf_visit_fn callback, void *context)
{
	__u32 parts = btf_vlen(type), *word = (void *)(type + 1);
	__u32 stride = 0, string_at = 0, type_at = 0; /* in words of each part; 0 of string_at is the first */
	bool named = true;
	int result = strings ? callback(context, &type->name_off) : 0;

	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		return result || strings ? result : callback(context, &type->type);
	case BTF_KIND_ARRAY:
		if (!result && !strings)
			result = callback(context, &btf_array(type)->type);
		if (!result && !strings)
			result = callback(context, &btf_array(type)->index_type);
		return result;
	case BTF_KIND_FUNC_PROTO:
		if (!result && !strings)
			result = callback(context, &type->type);
		stride = sizeof(struct btf_param) / 4;
		type_at = 1;
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		stride = sizeof(struct btf_member) / 4;
		type_at = 1;
		break;
	case BTF_KIND_ENUM:
		stride = sizeof(struct btf_enum) / 4;
		if (!strings)
			return 0;
		break;
	case BTF_KIND_ENUM64:
		stride = sizeof(struct btf_enum64) / 4;
		if (!strings)
			return 0;
		break;
	case BTF_KIND_DATASEC:
		stride = sizeof(struct btf_var_secinfo) / 4;
		named = false;
		break;
	default:
		return result;
	}
	for (__u32 i = 0; !result && i < parts && (named || !strings); i++, word += stride)
		result = callback(context, word + (strings ? string_at : type_at));
	return result;
}

struct copy {
	struct btf *to;
	const struct btf *from;
	__u32 id_offset;
};

static int take_string(void *context, __u32 *offset)
{
	struct copy *copy = context;
	const char *text;
	int added;

	if (!*offset)
		return 0;
	text = btf__str_by_offset(copy->from, *offset);
	if (!text)
		return -errno;
	added = btf__add_str(copy->to, text);
	if (added < 0)
		return added;
	*offset = added;
	return 0;
}

static int move_id(void *context, __u32 *id)
{
	struct copy *copy = context;

	if (*id)
		*id += copy->id_offset;
	return 0;
}

/* NB: strings may move the types' memory, so that a record is changed apart and then copied. */
static int add_copy(struct copy *copy, const struct btf_type *type)
{
	__u32 size = wb_btf_record_size(type);
	struct btf_type *record;
	int result;
	void *at;

	if (!size)
		return wb_fail(EINVAL);
	record = malloc(size);
	if (!record)
		return wb_fail(ENOMEM);
	memcpy(record, type, size);
	result = copy->to == copy->from ? 0 : wb_btf_visit(record, true, take_string, copy);
	if (!result && copy->id_offset)
		result = wb_btf_visit(record, false, move_id, copy);
	at = result ? NULL : wb_btf_more_types(copy->to, size);
	if (at) {
		memcpy(at, record, size);
		result = wb_btf_add_last(copy->to, size);
	} else if (!result) {
		result = -errno;
	}
	free(record);
	return result < 0 ? wb_fail(-result) : result;
}

int btf__add_type(struct btf *btf, const struct btf *src_btf, const struct btf_type *src_type)
{
	struct copy copy = { .to = btf, .from = src_btf };

	return add_copy(&copy, src_type);
}

int btf__add_btf(struct btf *btf, const struct btf *src_btf)
{
	struct copy copy = { .to = btf, .from = src_btf };
	__u32 first = btf__type_cnt(btf), count = btf__type_cnt(src_btf), own = btf->count, size;
	int result;

	if (src_btf->base)
		return wb_fail(EOPNOTSUPP);
	result = wb_btf_begin_write(btf);
	if (result)
		return wb_fail(-result);
	size = btf->types_size;
	copy.id_offset = first - 1;
	for (__u32 id = 1; id < count; id++) {
		const struct btf_type *type = btf__type_by_id(src_btf, id);

		result = type ? add_copy(&copy, type) : -errno;
		if (result < 0) {
			/* All or nothing. */
			btf->count = own;
			btf->types_size = size;
			return wb_fail(-result);
		}
	}
	return first;
}
