/* Loading types into the kernel. */
#include <bpf/bpf.h>
#include <limits.h>

#include "internal.h"
#include "opts.h"

int bpf_btf_load(const void *btf_data, size_t btf_size, struct bpf_btf_load_opts *opts)
{
	struct wb_btf_load req = { .size = sizeof(req) };
	__u32 log_level, log_size;
	char *log;
	int result;

	if (!WB_OPTS_VALID(opts, bpf_btf_load_opts))
		return wb_result(-EINVAL);
	log = WB_OPTS_GET(opts, log_buf, NULL);
	log_size = WB_OPTS_GET(opts, log_size, 0);
	log_level = WB_OPTS_GET(opts, log_level, 0);
	if (log_size && !log)
		return wb_result(-EINVAL);
	req.token_fd = WB_OPTS_GET(opts, token_fd, 0);
	if (log_level) {
		req.log_level = log_level;
		req.log_at = wb_address(log);
		req.log_size = log_size;
	}
	result = wb_btf_load(wb_address(btf_data), btf_size, wb_address(&req));
	if (result < 0 && log && !log_level) {
		/* A log was wanted in case of failure only. */
		req.log_level = 1;
		req.log_at = wb_address(log);
		req.log_size = log_size;
		result = wb_btf_load(wb_address(btf_data), btf_size, wb_address(&req));
	}
	WB_OPTS_SET(opts, log_true_size, req.log_true_size);
	return wb_result(result);
}
