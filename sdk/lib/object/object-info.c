/* What an object says of itself. */
#include "object-internal.h"

const char *bpf_object__name(const struct bpf_object *obj)
{
	return obj ? obj->name : wb_null(EINVAL);
}

unsigned int bpf_object__kversion(const struct bpf_object *obj)
{
	/* What the object says, otherwise the running kernel. */
	return !obj ? 0 : obj->kernel_version ? obj->kernel_version : (unsigned int)wb_system_info(WB_INFO_KERNEL_VERSION);
}

int bpf_object__set_kversion(struct bpf_object *obj, __u32 kern_version)
{
	if (obj->state >= WB_LOADED)
		return wb_fail(EINVAL);
	/* NB: kernels since 5.0 do not look at it, and the host does not ask. */
	obj->kernel_version = kern_version;
	return 0;
}

int bpf_object__token_fd(const struct bpf_object *obj)
{
	int fd = wb_object_token_fd(obj->handle);

	return fd < 0 ? -1 : fd;
}

int bpf_object__btf_fd(const struct bpf_object *obj)
{
	int fd = wb_object_btf_fd(obj->handle);

	return fd < 0 ? -1 : fd;
}
