/* Equal types are merged by the host. */
#include <stdlib.h>

#include "btf-internal.h"
#include "opts.h"

/* Gives `btf` the contents of `other`, which is gone then. */
static void become(struct btf *btf, struct btf *other)
{
	struct btf old = *btf;

	*btf = *other;
	btf->fd = old.fd;
	*other = old;
	other->fd = -1;
	btf__free(other);
}

int btf__dedup(struct btf *btf, const struct btf_dedup_opts *opts)
{
	struct btf *merged;
	int handle, result;

	if (!WB_OPTS_VALID(opts, btf_dedup_opts))
		return wb_fail(EINVAL);
	if (btf->base || WB_OPTS_GET(opts, btf_ext, NULL))
		return wb_fail(EOPNOTSUPP);
	handle = wb_btf_handle(btf);
	if (handle >= 0)
		handle = wb_result(wb_btf_dedup(handle));
	if (handle < 0)
		return wb_fail(-handle);
	merged = wb_btf_of_handle(handle);
	if (!merged)
		return -errno;
	result = wb_btf_fetch_all(merged);
	if (result) {
		btf__free(merged);
		return wb_fail(-result);
	}
	become(btf, merged);
	return 0;
}
