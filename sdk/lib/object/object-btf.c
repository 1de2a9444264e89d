#include "object-internal.h"

void btf__free(struct btf *btf); /* bpf/btf.h */

struct btf *bpf_object__btf(const struct bpf_object *obj)
{
	struct bpf_object *owner = (struct bpf_object *)obj;
	int error = errno;
	int handle;

	if (!obj || obj->btf)
		return obj ? obj->btf : NULL;
	handle = wb_object_btf(obj->handle);
	if (handle > 0)
		owner->btf = wb_btf_of_handle(handle);
	owner->free_btf = btf__free;
	errno = error;
	return obj->btf;
}
