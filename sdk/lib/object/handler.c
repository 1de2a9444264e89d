/* Sections that the program itself says the meaning of. */
#include <bpf/bpf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "object-internal.h"

static struct wb_handler *handlers; /* in the order in which they came */
static struct wb_handler *fallback;
static int last_id;

/* "abc/" is abc/ and more, "abc+" is abc alone or abc/ and more, "abc" is nothing else. */
static bool matches(const char *pattern, const char *section)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '/')
		return !strncmp(pattern, section, length);
	if (length && pattern[length - 1] == '+') {
		length--;
		return !strncmp(pattern, section, length) && (!section[length] || section[length] == '/');
	}
	return !strcmp(pattern, section);
}

static const struct wb_handler *find(const char *section, bool others)
{
	const struct wb_handler *handler = handlers;

	if (others)
		return fallback;
	while (handler && !matches(handler->section, section))
		handler = handler->next;
	return handler;
}

/* The program is the handler's: the host forgets what it knows of the section. */
static int set_up(struct bpf_program *prog, const struct wb_handler *handler)
{
	int handle = prog->obj->handle, error;

	prog->handler = handler;
	prog->info.type = handler->type;
	prog->info.expected_attach_type = handler->attach_type;
	prog->info.flags &= ~WB_PROGRAM_ATTACHES;
	wb_program_set(handle, prog->index, WB_PROGRAM_SET_NO_SECTION, true);
	wb_program_set(handle, prog->index, WB_PROGRAM_SET_TYPE, handler->type);
	wb_program_set(handle, prog->index, WB_PROGRAM_SET_ATTACH_TYPE, handler->attach_type);
	error = handler->setup ? handler->setup(prog, handler->cookie) : 0;
	if (error < 0)
		wb_warn("prog '%s': failed to initialize: %s\n", prog->name, wb_error_name(error));
	return error;
}

static int open_object(struct bpf_object *obj)
{
	int error = 0;

	for (size_t i = 0; i < obj->program_count && error >= 0; i++) {
		struct bpf_program *prog = &obj->programs[i];
		const struct wb_handler *handler = find(prog->section_name, false);
		bool known = prog->info.type != BPF_PROG_TYPE_UNSPEC;

		if (!handler && !known)
			handler = fallback;
		if (handler)
			error = set_up(prog, handler);
		else if (!known)
			wb_debug("prog '%s': unrecognized ELF section name '%s'\n", prog->name, prog->section_name);
	}
	return error < 0 ? error : 0;
}

/* What libbpf would load the program with. */
static struct bpf_prog_load_opts load_options(const struct bpf_program *prog)
{
	int btf = bpf_object__btf_fd(prog->obj);
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = prog->info.expected_attach_type,
		    .prog_flags = prog->info.prog_flags, .kern_version = bpf_object__kversion(prog->obj),
		    .prog_ifindex = prog->ifindex, .attach_prog_fd = prog->attach_prog_fd,
		    .log_level = prog->info.log_level);

	if (prog->target_name && !prog->attach_prog_fd) {
		int id = wb_btf_kernel_id(wb_address(prog->target_name), prog->info.expected_attach_type);

		opts.attach_btf_id = id < 0 ? 0 : id;
	}
	if (btf >= 0) {
		opts.prog_btf_fd = btf;
		opts.func_info = bpf_program__func_info(prog);
		opts.func_info_cnt = bpf_program__func_info_cnt(prog);
		opts.func_info_rec_size = opts.func_info ? sizeof(struct bpf_func_info) : 0;
		opts.line_info = bpf_program__line_info(prog);
		opts.line_info_cnt = bpf_program__line_info_cnt(prog);
		opts.line_info_rec_size = opts.line_info ? sizeof(struct bpf_line_info) : 0;
	}
	return opts;
}

static bool same_target(const struct bpf_prog_load_opts *a, const struct bpf_prog_load_opts *b)
{
	return a->attach_btf_id == b->attach_btf_id && a->attach_prog_fd == b->attach_prog_fd &&
	       a->attach_btf_obj_fd == b->attach_btf_obj_fd;
}

static bool same_types(const struct bpf_prog_load_opts *a, const struct bpf_prog_load_opts *b)
{
	return a->prog_btf_fd == b->prog_btf_fd && a->func_info == b->func_info &&
	       a->func_info_cnt == b->func_info_cnt && a->line_info == b->line_info &&
	       a->line_info_cnt == b->line_info_cnt;
}

/* Asks the handler, and writes down what it wants. */
static void prepare(struct bpf_program *prog, struct wb_object_load_program *req)
{
	const struct bpf_prog_load_opts before = load_options(prog);
	struct bpf_prog_load_opts opts = before;
	int error = prog->handler->prepare(prog, &opts, prog->handler->cookie);

	/* NB: the host's own array of descriptors has those of the kernel's modules. */
	if (error >= 0 && opts.fd_array)
		error = -EOPNOTSUPP;
	if (error < 0)
		wb_warn("prog '%s': failed to prepare load attributes: %s\n", prog->name, wb_error_name(error));
	*req = (struct wb_object_load_program){
		.size = sizeof(*req),
		.refusal = error < 0 ? -error : 0,
		.given = (same_target(&before, &opts) ? 0 : WB_GIVEN_TARGET) |
			 (same_types(&before, &opts) ? 0 : WB_GIVEN_TYPES),
		.expected_attach_type = opts.expected_attach_type,
		.prog_flags = opts.prog_flags,
		.kernel_version = opts.kern_version,
		.ifindex = opts.prog_ifindex,
		.btf_fd = opts.prog_btf_fd,
		.attach_btf_id = opts.attach_btf_id,
		.attach_prog_fd = opts.attach_prog_fd,
		.attach_btf_fd = opts.attach_btf_obj_fd,
		.function_info_at = wb_address(opts.func_info),
		.function_info_size = opts.func_info_rec_size,
		.function_info_count = opts.func_info_cnt,
		.line_info_at = wb_address(opts.line_info),
		.line_info_size = opts.line_info_rec_size,
		.line_info_count = opts.line_info_cnt,
	};
}

static bool prepares(const struct bpf_program *prog)
{
	return (prog->info.flags & WB_PROGRAM_AUTOLOAD) && prog->info.type != BPF_PROG_TYPE_UNSPEC && prog->handler &&
	       prog->handler->prepare;
}

static bool any_prepares(const struct bpf_object *obj)
{
	for (size_t i = 0; i < obj->program_count; i++)
		if (prepares(&obj->programs[i]))
			return true;
	return false;
}

/* NB: one after the other, since a handler may use what was loaded before. */
static int load_object(struct bpf_object *obj)
{
	int error = 0;

	if (!any_prepares(obj))
		return wb_result(wb_object_load(obj->handle));
	if (obj->state == WB_OPEN) {
		error = wb_result(wb_object_prepare(obj->handle));
		if (error)
			return error;
		wb_object_mark_prepared(obj);
	}
	for (size_t i = 0; i < obj->program_count; i++) {
		struct bpf_program *prog = &obj->programs[i];
		struct wb_object_load_program req;

		if (!(prog->info.flags & WB_PROGRAM_AUTOLOAD))
			continue;
		if (prepares(prog))
			prepare(prog, &req);
		error = wb_result(wb_object_load_program(obj->handle, i, prepares(prog) ? wb_address(&req) : 0));
		if (error)
			return error;
	}
	return wb_result(wb_object_load(obj->handle));
}

static const struct wb_handling handling = { .find = find, .open = open_object, .load = load_object };

int libbpf_register_prog_handler(const char *sec, enum bpf_prog_type prog_type, enum bpf_attach_type exp_attach_type,
				 const struct libbpf_prog_handler_opts *opts)
{
	struct wb_handler *handler, **place = &handlers;
	size_t length = sec ? strlen(sec) + 1 : 0;
	char *section;

	if (!WB_OPTS_VALID(opts, libbpf_prog_handler_opts))
		return wb_fail(EINVAL);
	if (last_id == INT_MAX)
		return wb_fail(E2BIG);
	if (!sec && fallback)
		return wb_fail(EBUSY);
	handler = malloc(sizeof(*handler) + length);
	if (!handler)
		return wb_fail(ENOMEM);
	section = sec ? memcpy(handler + 1, sec, length) : NULL;
	*handler = (struct wb_handler){
		.id = ++last_id,
		.section = section,
		.type = prog_type,
		.attach_type = exp_attach_type,
		.cookie = WB_OPTS_GET(opts, cookie, 0),
		.setup = WB_OPTS_GET(opts, prog_setup_fn, NULL),
		.prepare = WB_OPTS_GET(opts, prog_prepare_load_fn, NULL),
		.attach = WB_OPTS_GET(opts, prog_attach_fn, NULL),
	};
	while (sec && *place)
		place = &(*place)->next;
	*(sec ? place : &fallback) = handler;
	wb_handling = &handling;
	return handler->id;
}

/* NB: the handler stays in memory: programs of open objects have it. */
int libbpf_unregister_prog_handler(int handler_id)
{
	struct wb_handler **place = &handlers;

	if (handler_id <= 0)
		return wb_fail(EINVAL);
	if (fallback && fallback->id == handler_id) {
		fallback = NULL;
		return 0;
	}
	while (*place && (*place)->id != handler_id)
		place = &(*place)->next;
	if (!*place)
		return wb_fail(ENOENT);
	*place = (*place)->next;
	return 0;
}
