/* Types that the kernel takes over. */
#include <bpf/bpf.h>
#include <stdlib.h>

#include "btf-internal.h"

/* In the machine's order of bytes, which they have: a descriptor, or -errno. */
static int load(struct btf *btf)
{
	LIBBPF_OPTS(bpf_btf_load_opts, opts);
	const void *raw;
	char *log;
	__u32 size;
	int fd;

	raw = btf__raw_data(btf, &size);
	if (!raw)
		return wb_fail(ENOMEM);
	fd = bpf_btf_load(raw, size, &opts);
	if (fd < 0) {
		/* Once more, for the kernel's reasons. */
		opts.log_size = 64 * 1024;
		opts.log_buf = log = calloc(1, opts.log_size);
		opts.log_level = 1;
		if (!log)
			return wb_fail(ENOMEM);
		fd = bpf_btf_load(raw, size, &opts);
		if (fd < 0)
			wb_warn("BTF loading error: %s\n", wb_error_name(fd));
		if (fd < 0 && *log)
			wb_warn("-- BEGIN BTF LOAD LOG ---\n%s\n-- END BTF LOAD LOG --\n", log);
		free(log);
	}
	return fd < 0 ? wb_fail(-fd) : fd;
}

int btf__load_into_kernel(struct btf *btf)
{
	enum btf_endianness order = btf__endianness(btf);
	int fd;

	if (btf->fd >= 0)
		return wb_fail(EEXIST);
	fd = btf__set_endianness(btf, BTF_LITTLE_ENDIAN) ?: load(btf);
	btf__set_endianness(btf, order);
	if (fd < 0)
		return fd;
	btf->fd = fd;
	return 0;
}
