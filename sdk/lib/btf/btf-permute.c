/* Types in another order. */
#include <stdlib.h>
#include <string.h>

#include "btf-internal.h"
#include "opts.h"

/* New ids of the own types by the old ones. */
struct order {
	const struct btf *btf;
	const __u32 *ids;
	__u32 first; /* the old id that `ids` begins with */
};

static int renumber(void *context, __u32 *id)
{
	const struct order *order = context;

	if (*id >= order->first && *id - order->first < order->btf->count + (order->first == 0))
		*id = order->ids[*id - order->first];
	return 0;
}

/* The old place of each new type; -EINVAL when the ids are no permutation. */
static int invert(const struct order *order, __u32 *old)
{
	const struct btf *btf = order->btf;

	for (__u32 i = 0; i < btf->count; i++) {
		__u32 index = order->ids[btf->first_id + i - order->first] - btf->first_id;

		if (index >= btf->count || old[index] != UINT32_MAX)
			return -EINVAL;
		old[index] = i;
	}
	return 0;
}

/* Copies the records in the new order, and renumbers what they refer to. */
static void arrange(struct btf *btf, struct order *order, const __u32 *old, char *types, uint32_t *offsets)
{
	uint32_t at = 0;

	for (__u32 i = 0; i < btf->count; i++) {
		const struct btf_type *type = (const void *)(btf->types + btf->offsets[old[i]]);
		__u32 size = wb_btf_record_size(type);

		memcpy(types + at, type, size);
		wb_btf_visit((struct btf_type *)(types + at), false, renumber, order);
		offsets[i] = at;
		at += size;
	}
}

int btf__permute(struct btf *btf, __u32 *id_map, __u32 id_map_cnt, const struct btf_permute_opts *opts)
{
	struct order order = { btf, id_map, btf->base ? btf->first_id : 0 };
	uint32_t *old, *offsets;
	char *types;
	int result;

	if (!WB_OPTS_VALID(opts, btf_permute_opts))
		return wb_fail(EINVAL);
	if (id_map_cnt != btf__type_cnt(btf) - order.first || (!btf->base && id_map[0]))
		return wb_fail(EINVAL);
	result = wb_btf_begin_write(btf);
	if (result)
		return wb_fail(-result);
	old = malloc((btf->count + 1) * sizeof(*old));
	offsets = malloc((btf->count + 1) * sizeof(*offsets));
	types = malloc(btf->types_size + 1);
	if (old)
		memset(old, 0xff, (btf->count + 1) * sizeof(*old));
	result = old && offsets && types ? invert(&order, old) : -ENOMEM;
	if (!result) {
		/* NB: pointers of the program into the old types are no longer good, as libbpf has it. */
		arrange(btf, &order, old, types, offsets);
		memcpy(btf->offsets, offsets, btf->count * sizeof(*offsets));
		memcpy(btf->types, types, btf->types_size);
		if (WB_OPTS_GET(opts, btf_ext, NULL))
			result = wb_btf_ext_visit_ids(opts->btf_ext, renumber, &order);
	}
	free(old);
	free(offsets);
	free(types);
	return result ? wb_fail(-result) : 0;
}
