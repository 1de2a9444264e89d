/* Another program of the same instructions, loaded beside the object. */
#include <bpf/bpf.h>
#include "object-internal.h"

/* The kernel's function that the program was made for; 0 when it was made for none. */
static int target_id(const struct bpf_program *prog)
{
	const char *name = prog->target_name;

	if (!name && prog->info.attach_target && !prog->retyped && !prog->handler)
		name = prog->obj->description + prog->info.attach_target;
	if (!name || prog->attach_prog_fd ||
	    (prog->info.type != BPF_PROG_TYPE_TRACING && prog->info.type != BPF_PROG_TYPE_LSM))
		return 0;
	return wb_result(wb_btf_kernel_id(wb_address(name), prog->info.expected_attach_type));
}

static bool complete(const struct bpf_program *prog, const char *kind, const void *records, __u32 count, __u32 size)
{
	if (!records == !count && !records == !size)
		return true;
	wb_warn("prog '%s': %s_info, %s_info_cnt, and %s_info_rec_size must all be specified or all omitted\n",
		prog->name, kind, kind, kind);
	return false;
}

/* The types of the object, and the records that go with them, where the caller gives no others. 0 or -errno. */
static int add_types(struct bpf_program *prog, struct bpf_prog_load_opts *load)
{
	int btf = bpf_object__btf_fd(prog->obj);

	if (!load->prog_btf_fd && btf >= 0)
		load->prog_btf_fd = btf;
	if (!load->prog_btf_fd)
		return 0;
	if (!complete(prog, "func", load->func_info, load->func_info_cnt, load->func_info_rec_size) ||
	    !complete(prog, "line", load->line_info, load->line_info_cnt, load->line_info_rec_size))
		return -EINVAL;
	if (!load->func_info && bpf_program__func_info(prog)) {
		load->func_info = bpf_program__func_info(prog);
		load->func_info_cnt = bpf_program__func_info_cnt(prog);
		load->func_info_rec_size = sizeof(struct bpf_func_info);
	}
	if (!load->line_info && bpf_program__line_info(prog)) {
		load->line_info = bpf_program__line_info(prog);
		load->line_info_cnt = bpf_program__line_info_cnt(prog);
		load->line_info_rec_size = sizeof(struct bpf_line_info);
	}
	return 0;
}

/* What the section or its handler says. 0 or -errno. */
static int prepare(struct bpf_program *prog, struct bpf_prog_load_opts *load)
{
	int id = target_id(prog);

	if (id < 0)
		return id;
	load->expected_attach_type = prog->info.expected_attach_type;
	load->attach_btf_id = id;
	load->attach_btf_obj_fd = 0;
	if (prog->handler)
		return prog->handler->prepare ? prog->handler->prepare(prog, load, prog->handler->cookie) : 0;
	if (!prog->retyped)
		load->prog_flags |= prog->info.section_flags;
	return 0;
}

int bpf_program__clone(struct bpf_program *prog, const struct bpf_prog_load_opts *opts)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load);
	const struct bpf_insn *insns;
	int token, error;

	if (!prog || !WB_OPTS_VALID(opts, bpf_prog_load_opts) || prog->obj->state < WB_PREPARED)
		return wb_fail(EINVAL);
	if (opts)
		memcpy(&load, opts, opts->sz < sizeof(load) ? opts->sz : sizeof(load));
	load.sz = sizeof(load);
	load.attempts = 0;
	token = bpf_object__token_fd(prog->obj);
	load.attach_prog_fd = load.attach_prog_fd ?: (__u32)prog->attach_prog_fd;
	load.prog_flags = load.prog_flags ?: prog->info.prog_flags;
	load.prog_ifindex = load.prog_ifindex ?: prog->ifindex;
	load.kern_version = load.kern_version ?: bpf_object__kversion(prog->obj);
	if (!load.token_fd && token >= 0)
		load.token_fd = token;
	if (load.token_fd)
		load.prog_flags |= BPF_F_TOKEN_FD;
	error = add_types(prog, &load);
	if (!error)
		error = prepare(prog, &load);
	if (error)
		return wb_fail(error < 0 ? -error : error);
	load.expected_attach_type = WB_OPTS_GET(opts, expected_attach_type, 0) ?: load.expected_attach_type;
	load.attach_btf_id = WB_OPTS_GET(opts, attach_btf_id, 0) ?: load.attach_btf_id;
	load.attach_btf_obj_fd = WB_OPTS_GET(opts, attach_btf_obj_fd, 0) ?: load.attach_btf_obj_fd;
	insns = bpf_program__insns(prog);
	return insns ? bpf_prog_load(prog->info.type, prog->name, prog->obj->license, insns,
				     bpf_program__insn_cnt(prog), &load) :
		       wb_fail(EINVAL);
}
