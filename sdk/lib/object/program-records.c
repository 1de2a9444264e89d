/* Functions and source lines of a program, as the kernel is told of them. */
#include <stdlib.h>
#include "object-internal.h"

/* Bytes of the records; 0 before the object is prepared. */
static __u32 size_of(const struct bpf_program *prog, int kind)
{
	int size = wb_program_records(prog->obj->handle, prog->index, kind, 0, 0);

	return size < 0 ? 0 : size;
}

/* The records, which are freed with the object. NULL with errno. */
static void *fetch(const struct bpf_program *prog, int kind)
{
	__u32 size = size_of(prog, kind);
	void *records;

	if (!size)
		return wb_null(EOPNOTSUPP);
	records = malloc(size);
	if (records)
		wb_program_records(prog->obj->handle, prog->index, kind, wb_address(records), size);
	return records;
}

struct bpf_func_info *bpf_program__func_info(const struct bpf_program *prog)
{
	if (!prog->functions)
		((struct bpf_program *)prog)->functions = fetch(prog, WB_RECORDS_FUNCTIONS);
	return prog->functions;
}

__u32 bpf_program__func_info_cnt(const struct bpf_program *prog)
{
	return size_of(prog, WB_RECORDS_FUNCTIONS) / sizeof(struct bpf_func_info);
}

struct bpf_line_info *bpf_program__line_info(const struct bpf_program *prog)
{
	if (!prog->lines)
		((struct bpf_program *)prog)->lines = fetch(prog, WB_RECORDS_LINES);
	return prog->lines;
}

__u32 bpf_program__line_info_cnt(const struct bpf_program *prog)
{
	return size_of(prog, WB_RECORDS_LINES) / sizeof(struct bpf_line_info);
}
