/* Handlers of a program's own sections: when they are asked, with what, and what their answers do. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "handlers.skel.h"

static enum libbpf_print_level most = LIBBPF_INFO;

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level > most || (level == LIBBPF_DEBUG && !strstr(format, "unrecognized")))
		return 0;
	printf("  %d ", level);
	return vprintf(format, arguments);
}

static void outcome_of(const char *what, long long result, bool failed)
{
	printf("%s = %lld%s%s\n", what, result, failed ? ", " : "", failed ? strerror(errno) : "");
}

#define outcome(expression) \
	do { \
		long long result = (expression); \
		outcome_of(#expression, result, result < 0); \
	} while (0)
#define pointer(expression) \
	do { \
		bool there = (expression) != NULL; \
		outcome_of(#expression, there, !there); \
	} while (0)

/* What the callbacks do, besides telling. */
static int setup_result, prepare_result, attach_result;
static const char *wanted; /* the program they are for; NULL: any */
static bool replace, without_link;

static void tell(const char *what, const struct bpf_program *prog, long cookie)
{
	printf("  %s %s '%s' cookie %ld type %d attach type %d fd %d\n", what, bpf_program__name(prog),
	       bpf_program__section_name(prog), cookie, bpf_program__type(prog),
	       bpf_program__expected_attach_type(prog), bpf_program__fd(prog) >= 0);
}

static bool meant(const struct bpf_program *prog)
{
	return !wanted || !strcmp(wanted, bpf_program__name(prog));
}

static int setup(struct bpf_program *prog, long cookie)
{
	tell("setup", prog, cookie);
	if (cookie == 30)
		bpf_program__set_autoload(prog, false);
	return meant(prog) ? setup_result : 0;
}

static int prepare(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	const struct bpf_insn *insns = bpf_program__insns(prog);
	struct bpf_insn other[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 42 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	tell("prepare", prog, cookie);
	printf("  opts: attach type %d flags %d btf %d functions %u of %u lines %d of %u target %u %u %u log %u\n",
	       opts->expected_attach_type, opts->prog_flags, opts->prog_btf_fd > 0, opts->func_info_cnt,
	       opts->func_info_rec_size, opts->line_info_cnt > 0, opts->line_info_rec_size, opts->attach_btf_id,
	       opts->attach_prog_fd, opts->attach_btf_obj_fd, opts->log_level);
	printf("  %zu instructions, the first %02x\n", bpf_program__insn_cnt(prog), insns->code);
	if (meant(prog) && replace)
		printf("  set_insns %d\n", bpf_program__set_insns(prog, other, 2));
	if (cookie == 10)
		opts->prog_flags |= BPF_F_TEST_RND_HI32;
	if (cookie == 20)
		opts->expected_attach_type = BPF_CGROUP_INET_EGRESS;
	return meant(prog) ? prepare_result : 0;
}

static int attach(const struct bpf_program *prog, long cookie, struct bpf_link **link)
{
	tell("attach", prog, cookie);
	if (meant(prog) && attach_result)
		return attach_result;
	*link = without_link ? NULL : bpf_program__attach_raw_tracepoint(prog, "sched_switch");
	return *link || without_link ? 0 : -errno;
}

static void run(struct bpf_program *prog)
{
	char frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int error;

	if (bpf_program__type(prog) != BPF_PROG_TYPE_RAW_TRACEPOINT)
		opts.data_in = frame, opts.data_size_in = sizeof(frame);
	error = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	printf("%s: %d, %u\n", bpf_program__name(prog), error, opts.retval);
}

static void whole(void)
{
	struct handlers *skel = handlers__open();
	struct bpf_program *prog;
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);
	struct bpf_link *link;

	pointer(skel);
	if (!skel)
		return;
	bpf_object__for_each_program(prog, skel->obj)
		printf("%s: type %d, attach type %d, autoload %d\n", bpf_program__name(prog), bpf_program__type(prog),
		       bpf_program__expected_attach_type(prog), bpf_program__autoload(prog));
	outcome(bpf_program__func_info_cnt(skel->progs.exact));
	pointer(bpf_program__func_info(skel->progs.exact));
	outcome(handlers__load(skel));
	if (bpf_program__fd(skel->progs.exact) >= 0) {
		printf("functions %u, ids differ %d, lines %d\n", bpf_program__func_info_cnt(skel->progs.exact),
		       bpf_program__func_info(skel->progs.exact)[0].type_id !=
			       bpf_program__func_info(skel->progs.exact)[1].type_id,
		       bpf_program__line_info_cnt(skel->progs.exact) > 0);
		printf("first line %u, second function at %d\n", bpf_program__line_info(skel->progs.exact)[0].insn_off,
		       bpf_program__func_info(skel->progs.exact)[1].insn_off > 0);
		outcome(bpf_program__func_info_cnt(skel->progs.off));
		bpf_object__for_each_program(prog, skel->obj)
			if (bpf_program__fd(prog) >= 0 && bpf_program__type(prog) != BPF_PROG_TYPE_KPROBE)
				run(prog);
		printf("count %d\n", skel->bss->count);
		bpf_prog_get_info_by_fd(bpf_program__fd(skel->progs.exact), &info, &size);
		printf("%u functions, lines %d\n", info.nr_func_info, info.nr_line_info > 0);
		outcome(handlers__attach(skel));
		printf("links %d %d %d\n", skel->links.exact != NULL, skel->links.with_target != NULL,
		       skel->links.known != NULL);
		pointer(link = bpf_program__attach(skel->progs.exact));
		bpf_link__destroy(link);
		pointer(bpf_program__attach(skel->progs.known));
		pointer(bpf_program__attach(skel->progs.prefixed));
		pointer(bpf_program__attach(skel->progs.off));
	}
	handlers__destroy(skel);
}

static void names(void)
{
	static const char *const sections[] = { "abc", "abc/x", "abcd", "prefix/", "prefix", "kprobe/x", "kprobe",
						"what", "alone", "alone/x" };

	for (unsigned int i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		enum bpf_prog_type type = 0;
		enum bpf_attach_type attach_type = 0;
		int error = libbpf_prog_type_by_name(sections[i], &type, &attach_type);

		printf("%s: %d, type %d, attach type %d, %d\n", sections[i], error, type, attach_type,
		       libbpf_attach_type_by_name(sections[i], &attach_type));
	}
}

static void retype(void)
{
	struct handlers *skel = handlers__open();

	outcome(bpf_program__set_type(skel->progs.exact, BPF_PROG_TYPE_SOCKET_FILTER));
	outcome(bpf_program__set_type(skel->progs.strange, BPF_PROG_TYPE_RAW_TRACEPOINT));
	outcome(handlers__load(skel));
	pointer(bpf_program__attach(skel->progs.exact));
	pointer(bpf_program__attach(skel->progs.strange));
	handlers__destroy(skel);
}

int main(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, all, .cookie = 10, .prog_setup_fn = setup, .prog_prepare_load_fn = prepare,
		    .prog_attach_fn = attach);
	LIBBPF_OPTS(libbpf_prog_handler_opts, prefix, .cookie = 20, .prog_prepare_load_fn = prepare);
	LIBBPF_OPTS(libbpf_prog_handler_opts, shadow, .cookie = 30, .prog_setup_fn = setup);
	LIBBPF_OPTS(libbpf_prog_handler_opts, others, .cookie = 40, .prog_setup_fn = setup, .prog_prepare_load_fn = prepare,
		    .prog_attach_fn = attach);
	LIBBPF_OPTS(libbpf_prog_handler_opts, broken);
	int first, second, third, last;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	broken.sz = 1;
	outcome(libbpf_register_prog_handler("abc", BPF_PROG_TYPE_XDP, 0, &broken));
	outcome(libbpf_unregister_prog_handler(0));
	outcome(libbpf_unregister_prog_handler(1));
	outcome(first = libbpf_register_prog_handler("abc+", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, &all));
	outcome(second = libbpf_register_prog_handler("prefix/", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS,
						      &prefix));
	outcome(libbpf_register_prog_handler("alone", BPF_PROG_TYPE_SOCKET_FILTER, 0, NULL));
	outcome(third = libbpf_register_prog_handler("kprobe/", BPF_PROG_TYPE_KPROBE, 0, &shadow));
	outcome(libbpf_register_prog_handler("custom/", BPF_PROG_TYPE_XDP, BPF_XDP, &all));
	outcome(last = libbpf_register_prog_handler(NULL, BPF_PROG_TYPE_SOCKET_FILTER, 0, &others));
	outcome(libbpf_register_prog_handler(NULL, BPF_PROG_TYPE_SOCKET_FILTER, 0, NULL));
	names();
	whole();

	printf("\nother instructions, no link\n");
	wanted = "with_target", replace = true, without_link = true;
	whole();
	replace = without_link = false;

	printf("\nrefusals\n");
	wanted = "with_target", setup_result = -EDOM;
	whole();
	setup_result = 0, prepare_result = -ERANGE;
	whole();
	prepare_result = 5, attach_result = -ENOTTY;
	whole();
	prepare_result = attach_result = 0;

	printf("\nanother type\n");
	retype();

	printf("\nwithout the last and the first\n");
	most = LIBBPF_DEBUG;
	outcome(libbpf_unregister_prog_handler(last));
	outcome(libbpf_unregister_prog_handler(first));
	outcome(libbpf_unregister_prog_handler(first));
	names();
	whole();
	return 0;
}
