/* Many elements of a map at once. */
#include <bpf/bpf.h>

#include "internal.h"
#include "opts.h"

static int batch(int operation, int fd, const void *in, void *out, const void *keys, const void *values, __u32 *count,
		 const struct bpf_map_batch_opts *opts)
{
	struct wb_map_batch req = {
		.size = sizeof(req),
		.in_batch_at = wb_address(in),
		.out_batch_at = wb_address(out),
		.keys_at = wb_address(keys),
		.values_at = wb_address(values),
		.count = *count,
	};
	int result;

	if (!WB_OPTS_VALID(opts, bpf_map_batch_opts))
		return wb_result(-EINVAL);
	req.elem_flags = WB_OPTS_GET(opts, elem_flags, 0);
	req.flags = WB_OPTS_GET(opts, flags, 0);
	result = wb_map_batch(fd, operation, wb_address(&req));
	*count = req.count;
	return wb_result(result);
}

int bpf_map_delete_batch(int fd, const void *keys, __u32 *count, const struct bpf_map_batch_opts *opts)
{
	return batch(WB_BATCH_DELETE, fd, NULL, NULL, keys, NULL, count, opts);
}

int bpf_map_lookup_batch(int fd, void *in_batch, void *out_batch, void *keys, void *values, __u32 *count,
			 const struct bpf_map_batch_opts *opts)
{
	return batch(WB_BATCH_LOOKUP, fd, in_batch, out_batch, keys, values, count, opts);
}

int bpf_map_lookup_and_delete_batch(int fd, void *in_batch, void *out_batch, void *keys, void *values, __u32 *count,
				    const struct bpf_map_batch_opts *opts)
{
	return batch(WB_BATCH_TAKE, fd, in_batch, out_batch, keys, values, count, opts);
}

int bpf_map_update_batch(int fd, const void *keys, const void *values, __u32 *count,
			 const struct bpf_map_batch_opts *opts)
{
	return batch(WB_BATCH_UPDATE, fd, NULL, NULL, keys, values, count, opts);
}
