/* Programs by descriptor: load, attach, run. */
#include <bpf/bpf.h>
#include <limits.h>

#include "internal.h"
#include "names.h"
#include "opts.h"

/* What libbpf tries when the kernel answers EAGAIN. */
#define ATTEMPTS 5

int bpf_prog_load(enum bpf_prog_type prog_type, const char *prog_name, const char *license,
		  const struct bpf_insn *insns, size_t insn_cnt, struct bpf_prog_load_opts *opts)
{
	char name[BPF_OBJ_NAME_LEN];
	struct wb_program_load req = {
		.size = sizeof(req),
		.type = prog_type,
		.name_at = wb_kernel_name(name, prog_name),
		.license_at = wb_address(license),
		.instructions_at = wb_address(insns),
		.instruction_count = insn_cnt,
	};
	int attempts, result;
	__u32 log_level, log_size;
	char *log;

	if (!WB_OPTS_VALID(opts, bpf_prog_load_opts))
		return wb_result(-EINVAL);
	attempts = WB_OPTS_GET(opts, attempts, 0);
	log = WB_OPTS_GET(opts, log_buf, NULL);
	log_size = WB_OPTS_GET(opts, log_size, 0);
	log_level = WB_OPTS_GET(opts, log_level, 0);
	if (attempts < 0 || !log != !log_size)
		return wb_result(-EINVAL);
	if (insn_cnt > UINT_MAX)
		return wb_result(-E2BIG);

	req.attempts = attempts ? attempts : ATTEMPTS;
	req.expected_attach_type = WB_OPTS_GET(opts, expected_attach_type, 0);
	req.prog_flags = WB_OPTS_GET(opts, prog_flags, 0);
	req.kernel_version = WB_OPTS_GET(opts, kern_version, 0);
	req.ifindex = WB_OPTS_GET(opts, prog_ifindex, 0);
	req.btf_fd = WB_OPTS_GET(opts, prog_btf_fd, 0);
	req.attach_btf_id = WB_OPTS_GET(opts, attach_btf_id, 0);
	req.attach_prog_fd = WB_OPTS_GET(opts, attach_prog_fd, 0);
	req.attach_btf_fd = WB_OPTS_GET(opts, attach_btf_obj_fd, 0);
	if (req.attach_prog_fd && req.attach_btf_fd)
		return wb_result(-EINVAL);
	req.fd_array_at = wb_address(WB_OPTS_GET(opts, fd_array, NULL));
	req.fd_array_count = WB_OPTS_GET(opts, fd_array_cnt, 0);
	req.function_info_at = wb_address(WB_OPTS_GET(opts, func_info, NULL));
	req.function_info_size = WB_OPTS_GET(opts, func_info_rec_size, 0);
	req.function_info_count = WB_OPTS_GET(opts, func_info_cnt, 0);
	req.line_info_at = wb_address(WB_OPTS_GET(opts, line_info, NULL));
	req.line_info_size = WB_OPTS_GET(opts, line_info_rec_size, 0);
	req.line_info_count = WB_OPTS_GET(opts, line_info_cnt, 0);
	req.token_fd = WB_OPTS_GET(opts, token_fd, 0);

	/* With level 0, the host asks for the log only when the kernel refuses. */
	req.log_level = log_level;
	req.log_at = wb_address(log);
	req.log_size = log_size;
	result = wb_program_load(wb_address(&req));
	WB_OPTS_SET(opts, log_true_size, req.log_true_size);
	return wb_result(result);
}

/* Where a hook belongs to an interface, the target is its index, otherwise a descriptor. */
static __u32 target_kind(enum bpf_attach_type type)
{
	switch (type) {
	case BPF_TCX_INGRESS:
	case BPF_TCX_EGRESS:
	case BPF_NETKIT_PRIMARY:
	case BPF_NETKIT_PEER:
		return WB_TARGET_INTERFACE;
	default:
		return WB_TARGET_DESCRIPTOR;
	}
}

/* The other program before or after which one has its place, by descriptor or by id; false for both. */
static bool set_relative(struct wb_program_attach *req, int fd, __u32 id)
{
	req->relative_fd = fd;
	req->relative_id = id;
	if (id)
		req->flags |= BPF_F_ID;
	return !fd || !id;
}

int bpf_prog_attach_opts(int prog_fd, int target, enum bpf_attach_type type, const struct bpf_prog_attach_opts *opts)
{
	struct wb_program_attach req = { .size = sizeof(req), .target_kind = target_kind(type) };

	if (!WB_OPTS_VALID(opts, bpf_prog_attach_opts))
		return wb_result(-EINVAL);
	req.flags = WB_OPTS_GET(opts, flags, 0);
	req.replace_fd = WB_OPTS_GET(opts, replace_fd, 0);
	req.expected_revision = WB_OPTS_GET(opts, expected_revision, 0);
	if (!set_relative(&req, WB_OPTS_GET(opts, relative_fd, 0), WB_OPTS_GET(opts, relative_id, 0)))
		return wb_result(-EINVAL);
	return wb_result(wb_program_attach(prog_fd, target, type, wb_address(&req)));
}

int bpf_prog_attach(int prog_fd, int attachable_fd, enum bpf_attach_type type, unsigned int flags)
{
	LIBBPF_OPTS(bpf_prog_attach_opts, opts, .flags = flags);

	return bpf_prog_attach_opts(prog_fd, attachable_fd, type, &opts);
}

int bpf_prog_detach_opts(int prog_fd, int target, enum bpf_attach_type type, const struct bpf_prog_detach_opts *opts)
{
	struct wb_program_attach req = { .size = sizeof(req), .target_kind = target_kind(type) };

	if (!WB_OPTS_VALID(opts, bpf_prog_detach_opts))
		return wb_result(-EINVAL);
	req.flags = WB_OPTS_GET(opts, flags, 0);
	req.expected_revision = WB_OPTS_GET(opts, expected_revision, 0);
	if (!set_relative(&req, WB_OPTS_GET(opts, relative_fd, 0), WB_OPTS_GET(opts, relative_id, 0)))
		return wb_result(-EINVAL);
	return wb_result(wb_program_detach(prog_fd, target, type, wb_address(&req)));
}

int bpf_prog_detach(int attachable_fd, enum bpf_attach_type type)
{
	return bpf_prog_detach_opts(0, attachable_fd, type, NULL);
}

int bpf_prog_detach2(int prog_fd, int attachable_fd, enum bpf_attach_type type)
{
	return bpf_prog_detach_opts(prog_fd, attachable_fd, type, NULL);
}

int bpf_prog_query_opts(int target, enum bpf_attach_type type, struct bpf_prog_query_opts *opts)
{
	struct wb_program_attach req = { .size = sizeof(req), .target_kind = target_kind(type) };
	int result;

	if (!WB_OPTS_VALID(opts, bpf_prog_query_opts))
		return wb_result(-EINVAL);
	req.query_flags = WB_OPTS_GET(opts, query_flags, 0);
	req.ids_at = wb_address(WB_OPTS_GET(opts, prog_ids, NULL));
	req.count = WB_OPTS_GET(opts, count, 0);
	req.attach_flags_at = wb_address(WB_OPTS_GET(opts, prog_attach_flags, NULL));
	req.link_ids_at = wb_address(WB_OPTS_GET(opts, link_ids, NULL));
	req.link_attach_flags_at = wb_address(WB_OPTS_GET(opts, link_attach_flags, NULL));
	result = wb_program_query(0, target, type, wb_address(&req));
	WB_OPTS_SET(opts, attach_flags, req.attach_flags);
	WB_OPTS_SET(opts, count, req.count);
	WB_OPTS_SET(opts, revision, req.expected_revision);
	return wb_result(result);
}

int bpf_prog_query(int target_fd, enum bpf_attach_type type, __u32 query_flags, __u32 *attach_flags, __u32 *prog_ids,
		   __u32 *prog_cnt)
{
	LIBBPF_OPTS(bpf_prog_query_opts, opts, .query_flags = query_flags, .prog_ids = prog_ids, .prog_cnt = *prog_cnt);
	int result = bpf_prog_query_opts(target_fd, type, &opts);

	if (attach_flags)
		*attach_flags = opts.attach_flags;
	*prog_cnt = opts.prog_cnt;
	return result;
}

int bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts)
{
	struct wb_test_run req = { .size = sizeof(req) };
	int result;

	if (!WB_OPTS_VALID(opts, bpf_test_run_opts))
		return wb_result(-EINVAL);
	req.data_in_at = wb_address(WB_OPTS_GET(opts, data_in, NULL));
	req.data_in_size = WB_OPTS_GET(opts, data_size_in, 0);
	req.data_out_at = wb_address(WB_OPTS_GET(opts, data_out, NULL));
	req.data_out_size = WB_OPTS_GET(opts, data_size_out, 0);
	req.context_in_at = wb_address(WB_OPTS_GET(opts, ctx_in, NULL));
	req.context_in_size = WB_OPTS_GET(opts, ctx_size_in, 0);
	req.context_out_at = wb_address(WB_OPTS_GET(opts, ctx_out, NULL));
	req.context_out_size = WB_OPTS_GET(opts, ctx_size_out, 0);
	req.duration_ns = WB_OPTS_GET(opts, duration, 0);
	req.repeat = WB_OPTS_GET(opts, repeat, 0);
	req.flags = WB_OPTS_GET(opts, flags, 0);
	req.cpu = WB_OPTS_GET(opts, cpu, 0);
	req.batch_size = WB_OPTS_GET(opts, batch_size, 0);
	result = wb_program_test_run(prog_fd, wb_address(&req));
	WB_OPTS_SET(opts, data_size_out, req.data_out_size);
	WB_OPTS_SET(opts, ctx_size_out, req.context_out_size);
	WB_OPTS_SET(opts, duration, req.duration_ns);
	WB_OPTS_SET(opts, retval, req.return_value);
	return wb_result(result);
}

int bpf_prog_bind_map(int prog_fd, int map_fd, const struct bpf_prog_bind_opts *opts)
{
	if (!WB_OPTS_VALID(opts, bpf_prog_bind_opts))
		return wb_result(-EINVAL);
	return wb_result(wb_program_bind_map(prog_fd, map_fd, WB_OPTS_GET(opts, flags, 0)));
}

int bpf_prog_stream_read(int prog_fd, __u32 stream_id, void *buf, __u32 buf_len,
			 struct bpf_prog_stream_read_opts *opts)
{
	if (!WB_OPTS_VALID(opts, bpf_prog_stream_read_opts))
		return wb_result(-EINVAL);
	return wb_result(wb_program_stream_read(prog_fd, stream_id, wb_address(buf), buf_len));
}

int bpf_prog_assoc_struct_ops(int prog_fd, int map_fd, struct bpf_prog_assoc_struct_ops_opts *opts)
{
	if (!WB_OPTS_VALID(opts, bpf_prog_assoc_struct_ops_opts))
		return wb_result(-EINVAL);
	return wb_result(wb_program_associate(prog_fd, map_fd, WB_OPTS_GET(opts, flags, 0)));
}
