/* Programs of an object: iteration, getters, and setters before load. */
#include <stdlib.h>
#include <string.h>
#include "object-internal.h"

static struct bpf_program *neighbour(const struct bpf_object *obj, struct bpf_program *prog, int step)
{
	long index;

	if (prog && prog->obj != obj) {
		wb_warn("error: program handler doesn't match object\n");
		return wb_null(EINVAL);
	}
	index = prog ? prog->index + step : step > 0 ? 0 : (long)obj->program_count - 1;
	return index < 0 || index >= (long)obj->program_count ? NULL : &obj->programs[index];
}

struct bpf_program *bpf_object__next_program(const struct bpf_object *obj, struct bpf_program *prog)
{
	return neighbour(obj, prog, 1);
}

struct bpf_program *bpf_object__prev_program(const struct bpf_object *obj, struct bpf_program *prog)
{
	return neighbour(obj, prog, -1);
}

struct bpf_program *bpf_object__find_program_by_name(const struct bpf_object *obj, const char *name)
{
	for (size_t i = 0; i < obj->program_count; i++)
		if (!strcmp(obj->programs[i].name, name))
			return &obj->programs[i];
	return wb_null(ENOENT);
}

const char *bpf_program__name(const struct bpf_program *prog)
{
	return prog->name;
}

const char *bpf_program__section_name(const struct bpf_program *prog)
{
	return prog->section_name;
}

int bpf_program__fd(const struct bpf_program *prog)
{
	if (!prog)
		return wb_fail(EINVAL);
	if (prog->fd < 0 && prog->obj->state >= WB_PREPARED)
		((struct bpf_program *)prog)->fd = wb_program_fd(prog->obj->handle, prog->index);
	return prog->fd < 0 ? wb_fail(ENOENT) : prog->fd;
}

void bpf_program__unload(struct bpf_program *prog)
{
	if (!prog)
		return;
	wb_program_unload(prog->obj->handle, prog->index);
	prog->fd = -1;
}

/* Sets what only a load reads; `field` is the library's copy. */
static int set(struct bpf_program *prog, int property, __u32 *field, __u32 value, int late)
{
	int error;

	if (prog->obj->state >= WB_LOADED)
		return wb_fail(late);
	error = wb_result(wb_program_set(prog->obj->handle, prog->index, property, value));
	if (!error)
		*field = value;
	return error;
}

static __u32 with_flag(__u32 flags, __u32 flag, bool on)
{
	return on ? flags | flag : flags & ~flag;
}

bool bpf_program__autoload(const struct bpf_program *prog)
{
	return prog->info.flags & WB_PROGRAM_AUTOLOAD;
}

int bpf_program__set_autoload(struct bpf_program *prog, bool autoload)
{
	__u32 copy;
	int error = set(prog, WB_PROGRAM_SET_AUTOLOAD, &copy, autoload, EINVAL);

	if (!error)
		prog->info.flags = with_flag(prog->info.flags, WB_PROGRAM_AUTOLOAD, autoload);
	return error;
}

bool bpf_program__autoattach(const struct bpf_program *prog)
{
	return prog->info.flags & WB_PROGRAM_AUTOATTACH;
}

void bpf_program__set_autoattach(struct bpf_program *prog, bool autoattach)
{
	wb_program_set(prog->obj->handle, prog->index, WB_PROGRAM_SET_AUTOATTACH, autoattach);
	prog->info.flags = with_flag(prog->info.flags, WB_PROGRAM_AUTOATTACH, autoattach);
}

enum bpf_prog_type bpf_program__type(const struct bpf_program *prog)
{
	return prog->info.type;
}

int bpf_program__set_type(struct bpf_program *prog, enum bpf_prog_type type)
{
	bool same = prog->info.type == type;
	int error = set(prog, WB_PROGRAM_SET_TYPE, &prog->info.type, type, EBUSY);

	if (!error && !same) {
		prog->info.flags &= ~WB_PROGRAM_ATTACHES;
		prog->retyped = true;
		/* Who handles what nobody else does handles any type. */
		if (prog->handler && prog->handler->section)
			prog->handler = NULL;
	}
	return error;
}

enum bpf_attach_type bpf_program__expected_attach_type(const struct bpf_program *prog)
{
	return prog->info.expected_attach_type;
}

int bpf_program__set_expected_attach_type(struct bpf_program *prog, enum bpf_attach_type type)
{
	return set(prog, WB_PROGRAM_SET_ATTACH_TYPE, &prog->info.expected_attach_type, type, EBUSY);
}

__u32 bpf_program__flags(const struct bpf_program *prog)
{
	return prog->info.prog_flags;
}

int bpf_program__set_flags(struct bpf_program *prog, __u32 flags)
{
	return set(prog, WB_PROGRAM_SET_FLAGS, &prog->info.prog_flags, flags, EBUSY);
}

void bpf_program__set_ifindex(struct bpf_program *prog, __u32 ifindex)
{
	wb_program_set(prog->obj->handle, prog->index, WB_PROGRAM_SET_IFINDEX, ifindex);
	prog->ifindex = ifindex;
}

__u32 bpf_program__log_level(const struct bpf_program *prog)
{
	return prog->info.log_level;
}

int bpf_program__set_log_level(struct bpf_program *prog, __u32 log_level)
{
	return set(prog, WB_PROGRAM_SET_LOG_LEVEL, &prog->info.log_level, log_level, EBUSY);
}

const char *bpf_program__log_buf(const struct bpf_program *prog, size_t *log_size)
{
	*log_size = prog->log_size;
	return prog->log_buf;
}

int bpf_program__set_log_buf(struct bpf_program *prog, char *log_buf, size_t log_size)
{
	if ((log_size && !log_buf) || log_size > UINT32_MAX)
		return wb_fail(EINVAL);
	if (prog->obj->state >= WB_LOADED)
		return wb_fail(EBUSY);
	wb_program_set(prog->obj->handle, prog->index, WB_PROGRAM_SET_KEEP_LOG,
		       log_buf || prog->obj->log_buf);
	prog->log_buf = log_buf;
	prog->log_size = log_size;
	return 0;
}

int bpf_program__set_attach_target(struct bpf_program *prog, int attach_prog_fd, const char *attach_func_name)
{
	int error;

	if (!prog || attach_prog_fd < 0 || (!attach_prog_fd && !attach_func_name) ||
	    prog->obj->state >= WB_LOADED)
		return wb_fail(EINVAL);
	error = wb_result(wb_program_set_target(prog->obj->handle, prog->index, attach_prog_fd,
						wb_address(attach_func_name)));
	if (error)
		return error;
	free(prog->target_name);
	prog->target_name = attach_func_name ? strdup(attach_func_name) : NULL;
	prog->attach_prog_fd = attach_prog_fd;
	return 0;
}

const struct bpf_insn *bpf_program__insns(const struct bpf_program *prog)
{
	struct bpf_program *owner = (struct bpf_program *)prog;
	int size;

	if (prog->insns)
		return prog->insns;
	size = wb_program_instructions(prog->obj->handle, prog->index, 0, 0);
	if (size <= 0)
		return NULL;
	owner->insns = malloc(size);
	if (prog->insns)
		wb_program_instructions(prog->obj->handle, prog->index, wb_address(prog->insns), size);
	return prog->insns;
}

size_t bpf_program__insn_cnt(const struct bpf_program *prog)
{
	int size = wb_program_instructions(prog->obj->handle, prog->index, 0, 0);

	return size < 0 ? 0 : size / sizeof(struct bpf_insn);
}

int bpf_program__set_insns(struct bpf_program *prog, struct bpf_insn *new_insns, size_t new_insn_cnt)
{
	int error;

	if (prog->obj->state >= WB_LOADED)
		return wb_fail(EBUSY);
	error = wb_result(wb_program_set_instructions(prog->obj->handle, prog->index, wb_address(new_insns),
						      new_insn_cnt));
	if (!error) {
		free(prog->insns);
		prog->insns = NULL;
	}
	return error;
}

enum bpf_prog_type bpf_program__get_type(const struct bpf_program *prog)
{
	return bpf_program__type(prog);
}

enum bpf_attach_type bpf_program__get_expected_attach_type(const struct bpf_program *prog)
{
	return bpf_program__expected_attach_type(prog);
}
