/* Types that the kernel takes over. */
#include <bpf/bpf.h>
#include <stdlib.h>

#include "btf-internal.h"

int btf__load_into_kernel(struct btf *btf)
{
	LIBBPF_OPTS(bpf_btf_load_opts, opts);
	const void *raw;
	char *log;
	__u32 size;
	int fd;

	if (btf->fd >= 0)
		return wb_fail(EEXIST);
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
	if (fd < 0)
		return wb_fail(-fd);
	btf->fd = fd;
	return 0;
}
