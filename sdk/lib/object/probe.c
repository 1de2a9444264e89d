/* What the kernel has, and what names stand for. */
#include <bpf/libbpf.h>
#include "object-internal.h"

static int probe(int kind, int first, int second, const void *opts)
{
	return opts ? wb_fail(EINVAL) : wb_result(wb_system_probe(kind, first, second));
}

int libbpf_probe_bpf_prog_type(enum bpf_prog_type prog_type, const void *opts)
{
	return probe(WB_PROBE_PROGRAM_TYPE, prog_type, 0, opts);
}

int libbpf_probe_bpf_map_type(enum bpf_map_type map_type, const void *opts)
{
	return probe(WB_PROBE_MAP_TYPE, map_type, 0, opts);
}

int libbpf_probe_bpf_helper(enum bpf_prog_type prog_type, enum bpf_func_id helper_id, const void *opts)
{
	return probe(WB_PROBE_HELPER, prog_type, helper_id, opts);
}

/* What a section's name stands for; a handler of the program's own attaches by itself. 0 or -errno. */
static int find_section(const char *name, struct wb_section *section)
{
	const struct wb_handler *handler = wb_handling ? wb_handling->find(name, false) : NULL;
	int error = handler ? 0 : wb_program_section(wb_address(name), wb_address(section));

	if (error < 0 && wb_handling)
		handler = wb_handling->find(name, true);
	if (!handler)
		return error;
	*section = (struct wb_section){ .type = handler->type, .expected_attach_type = handler->attach_type };
	return 0;
}

int libbpf_prog_type_by_name(const char *name, enum bpf_prog_type *prog_type,
			     enum bpf_attach_type *expected_attach_type)
{
	struct wb_section section;

	if (!name)
		return wb_fail(EINVAL);
	if (find_section(name, &section) < 0) {
		wb_debug("failed to guess program type from ELF section '%s'\n", name);
		return wb_fail(ESRCH);
	}
	*prog_type = section.type;
	*expected_attach_type = section.expected_attach_type;
	return 0;
}

int libbpf_attach_type_by_name(const char *name, enum bpf_attach_type *attach_type)
{
	struct wb_section section;

	if (!name)
		return wb_fail(EINVAL);
	if (find_section(name, &section) < 0) {
		wb_debug("failed to guess attach type based on ELF section name '%s'\n", name);
		return wb_fail(EINVAL);
	}
	if (!section.attaches)
		return wb_fail(EINVAL);
	*attach_type = section.expected_attach_type;
	return 0;
}

int libbpf_find_vmlinux_btf_id(const char *name, enum bpf_attach_type attach_type)
{
	return wb_result(wb_btf_kernel_id(wb_address(name), attach_type));
}
