/* Another program of the same instructions, loaded beside the object. */
#include <bpf/bpf.h>
#include "object-internal.h"

/* The kernel's function that the program was made for; 0 when it was made for none. */
static int target_id(const struct bpf_program *prog)
{
	const char *name = prog->target_name;

	if (!name && prog->info.attach_target)
		name = prog->obj->description + prog->info.attach_target;
	if (!name || prog->attach_prog_fd ||
	    (prog->info.type != BPF_PROG_TYPE_TRACING && prog->info.type != BPF_PROG_TYPE_LSM))
		return 0;
	return wb_result(wb_btf_kernel_id(wb_address(name), prog->info.expected_attach_type));
}

int bpf_program__clone(struct bpf_program *prog, const struct bpf_prog_load_opts *opts)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load);
	const struct bpf_insn *insns;
	int id;

	if (!prog || !WB_OPTS_VALID(opts, bpf_prog_load_opts) || prog->obj->state < WB_PREPARED)
		return wb_fail(EINVAL);
	if (opts)
		memcpy(&load, opts, opts->sz < sizeof(load) ? opts->sz : sizeof(load));
	load.sz = sizeof(load);
	if (!load.func_info != !load.func_info_cnt || !load.func_info != !load.func_info_rec_size ||
	    !load.line_info != !load.line_info_cnt || !load.line_info != !load.line_info_rec_size) {
		const char *kind = !load.func_info == !load.func_info_cnt && !load.func_info == !load.func_info_rec_size ?
					   "line" :
					   "func";

		wb_warn("prog '%s': %s_info, %s_info_cnt, and %s_info_rec_size must all be specified or all omitted\n",
			prog->name, kind, kind, kind);
		return wb_fail(EINVAL);
	}
	load.attach_prog_fd = load.attach_prog_fd ?: (__u32)prog->attach_prog_fd;
	load.prog_flags = load.prog_flags ?: prog->info.prog_flags;
	load.kern_version = load.kern_version ?: bpf_object__kversion(prog->obj);
	load.expected_attach_type = load.expected_attach_type ?: prog->info.expected_attach_type;
	if (!load.attach_btf_id) {
		id = target_id(prog);
		if (id < 0)
			return id;
		load.attach_btf_id = id;
	}
	insns = bpf_program__insns(prog);
	return insns ? bpf_prog_load(prog->info.type, prog->name, prog->obj->license, insns,
				     bpf_program__insn_cnt(prog), &load) :
		       wb_fail(EINVAL);
}
