/* Source lines of a loaded program, by instruction or by address of its machine code. */
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

struct span {
	__u32 first; /* index of its first record */
	__u32 count;
};

struct bpf_prog_linfo {
	char *lines; /* struct bpf_line_info, with the kernel's distance */
	__u32 line_size;
	__u32 line_count;
	char *addresses; /* u64s, with the kernel's distance; NULL when it gave none */
	__u32 address_size;
	struct span *functions;
	__u32 function_count;
};

static __u64 address_of(const struct bpf_prog_linfo *info, __u32 index)
{
	__u64 address;

	memcpy(&address, info->addresses + (size_t)index * info->address_size, sizeof(address));
	return address;
}

/* Copies an array of the kernel's answer. */
static void *copy_of(__u64 array, __u32 count, __u32 size)
{
	void *copy = malloc((size_t)count * size);

	return copy ? memcpy(copy, (const void *)(uintptr_t)array, (size_t)count * size) : NULL;
}

/* Cuts the records into functions, whose addresses have to ascend. */
static bool split(struct bpf_prog_linfo *info, const __u64 *starts, const __u32 *lengths)
{
	__u32 function = 0;

	if (address_of(info, 0) != starts[0])
		return false;
	for (__u32 i = 1; i < info->line_count && function + 1 < info->function_count; i++) {
		__u64 before = address_of(info, i - 1), address = address_of(info, i);

		if (address == starts[function + 1]) {
			if (before - starts[function] + 1 > lengths[function])
				return false;
			info->functions[function].count = i - info->functions[function].first;
			info->functions[++function].first = i;
		} else if (address <= before) {
			return false;
		}
	}
	info->functions[function].count = info->line_count - info->functions[function].first;
	return function + 1 == info->function_count;
}

void bpf_prog_linfo__free(struct bpf_prog_linfo *prog_linfo)
{
	if (!prog_linfo)
		return;
	free(prog_linfo->lines);
	free(prog_linfo->addresses);
	free(prog_linfo->functions);
	free(prog_linfo);
}

struct bpf_prog_linfo *bpf_prog_linfo__new(const struct bpf_prog_info *info)
{
	struct bpf_prog_linfo *linfo;

	if (!info->nr_line_info || info->line_info_rec_size < offsetof(struct bpf_line_info, file_name_off))
		return wb_null(EINVAL);
	linfo = calloc(1, sizeof(*linfo));
	if (!linfo)
		return wb_null(ENOMEM);
	linfo->line_size = info->line_info_rec_size;
	linfo->line_count = info->nr_line_info;
	linfo->lines = copy_of(info->line_info, linfo->line_count, linfo->line_size);
	if (!linfo->lines)
		goto fail;
	if (!info->nr_jited_ksyms || !info->jited_line_info || info->nr_jited_line_info != linfo->line_count ||
	    info->jited_line_info_rec_size < sizeof(__u64) || info->nr_jited_func_lens != info->nr_jited_ksyms ||
	    !info->jited_ksyms || !info->jited_func_lens)
		return linfo;
	linfo->function_count = info->nr_jited_ksyms;
	linfo->address_size = info->jited_line_info_rec_size;
	linfo->addresses = copy_of(info->jited_line_info, linfo->line_count, linfo->address_size);
	linfo->functions = calloc(linfo->function_count, sizeof(*linfo->functions));
	if (linfo->addresses && linfo->functions &&
	    split(linfo, (const void *)(uintptr_t)info->jited_ksyms, (const void *)(uintptr_t)info->jited_func_lens))
		return linfo;
fail:
	bpf_prog_linfo__free(linfo);
	return wb_null(EINVAL);
}

static const struct bpf_line_info *line_at(const struct bpf_prog_linfo *info, __u32 index)
{
	return (const void *)(info->lines + (size_t)index * info->line_size);
}

const struct bpf_line_info *bpf_prog_linfo__lfind_addr_func(const struct bpf_prog_linfo *prog_linfo, __u64 addr,
							    __u32 func_idx, __u32 nr_skip)
{
	const struct span *function = prog_linfo->functions + func_idx;
	__u32 end, i;

	if (func_idx >= prog_linfo->function_count || nr_skip >= function->count)
		return wb_null(ENOENT);
	i = function->first + nr_skip;
	end = function->first + function->count;
	if (addr < address_of(prog_linfo, i))
		return wb_null(ENOENT);
	while (i + 1 < end && addr >= address_of(prog_linfo, i + 1))
		i++;
	return line_at(prog_linfo, i);
}

const struct bpf_line_info *bpf_prog_linfo__lfind(const struct bpf_prog_linfo *prog_linfo, __u32 insn_off,
						  __u32 nr_skip)
{
	__u32 i = nr_skip;

	if (nr_skip >= prog_linfo->line_count || insn_off < line_at(prog_linfo, i)->insn_off)
		return wb_null(ENOENT);
	while (i + 1 < prog_linfo->line_count && insn_off >= line_at(prog_linfo, i + 1)->insn_off)
		i++;
	return line_at(prog_linfo, i);
}
