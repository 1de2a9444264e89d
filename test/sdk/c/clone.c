/* Programs that are loaded once more. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clone.skel.h"

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vprintf(format, arguments);
}

static int prepared;

static int prepare(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	printf("  prepare %s attach type %d types %d\n", bpf_program__name(prog), opts->expected_attach_type,
	       opts->prog_btf_fd > 0);
	return ++prepared < cookie ? 0 : -EDOM;
}

static void clone_of(const char *what, struct bpf_program *prog, const struct bpf_prog_load_opts *opts)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);
	char frame[64] = { 0 };
	int fd = bpf_program__clone(prog, opts);

	if (fd < 0) {
		printf("%s: %d, %s\n", what, fd, strerror(errno));
		return;
	}
	bpf_prog_get_info_by_fd(fd, &info, &size);
	printf("%s: type %u, '%s', %u functions, lines %d, types %d, another %d", what, info.type, info.name,
	       info.nr_func_info, info.nr_line_info > 0, info.btf_id > 0, fd != bpf_program__fd(prog));
	if (info.type == BPF_PROG_TYPE_XDP || info.type == BPF_PROG_TYPE_SOCKET_FILTER)
		run.data_in = frame, run.data_size_in = sizeof(frame);
	if (!bpf_prog_test_run_opts(fd, &run))
		printf(", returns %u", run.retval);
	printf("\n");
	close(fd);
}
#define clones(...) clone_of(#__VA_ARGS__, __VA_ARGS__)

int main(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .cookie = 3, .prog_prepare_load_fn = prepare);
	LIBBPF_OPTS(bpf_prog_load_opts, sleeps, .prog_flags = BPF_F_SLEEPABLE);
	LIBBPF_OPTS(bpf_prog_load_opts, another, .expected_attach_type = BPF_CGROUP_INET_INGRESS);
	LIBBPF_OPTS(bpf_prog_load_opts, records, .func_info_cnt = 1);
	LIBBPF_OPTS(bpf_prog_load_opts, newer);
	struct clone *skel;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	libbpf_register_prog_handler("own/", BPF_PROG_TYPE_SOCKET_FILTER, 0, &handler);
	skel = clone__open();
	if (!skel)
		return 1;
	clones(skel->progs.raw, NULL);
	clones(NULL, NULL);
	if (bpf_object__prepare(skel->obj))
		return 1;
	clones(skel->progs.raw, NULL);
	if (clone__load(skel))
		return 1;
	clones(skel->progs.raw, NULL);
	clones(skel->progs.raw, &sleeps);
	clones(skel->progs.call, NULL);
	clones(skel->progs.tasks, NULL);
	clones(skel->progs.frags, NULL);
	clones(skel->progs.left_out, NULL);
	clones(skel->progs.left_out, &another);
	clones(skel->progs.own, NULL);
	clones(skel->progs.own, NULL);
	clones(skel->progs.raw, &records);
	newer.sz = 1;
	clones(skel->progs.raw, &newer);
	printf("count %d\n", skel->bss->count);
	clone__destroy(skel);
	return 0;
}
