/* Objects that are loaded with a token of a BPF file system: `token PATH`, "-" for the path that nobody gives. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "token.skel.h"

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[4096];

	vsnprintf(text, sizeof(text), format, arguments);
	/* Of what is for developers, only what is about tokens; whether a limit can be raised depends on the machine. */
	if ((level == LIBBPF_DEBUG && !strstr(text, "BPF token") && !strstr(text, "prevented")) ||
	    strstr(text, "Failed to bump"))
		return 0;
	return printf("  %d %s", level, text);
}

static void outcome_of(const char *what, long long result)
{
	printf("%s = %lld%s%s\n", what, result, result < 0 ? ", " : "", result < 0 ? strerror(errno) : "");
}
#define outcome(expression) outcome_of(#expression, expression)

static void load(const char *path)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .bpf_token_path = path);
	LIBBPF_OPTS(bpf_test_run_opts, run);
	unsigned long long context[1] = { 0 };
	struct token *skel = token__open_opts(&opts);

	if (!skel) {
		outcome_of("open", -errno);
		return;
	}
	outcome(bpf_object__token_fd(skel->obj) == -1);
	outcome(token__load(skel));
	outcome(bpf_object__token_fd(skel->obj) >= 0);
	if (bpf_program__fd(skel->progs.program) >= 0) {
		run.ctx_in = context, run.ctx_size_in = sizeof(context);
		/* NB: running it is not delegated. */
		outcome(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.program), &run));
		outcome(bpf_object__btf_fd(skel->obj) >= 0);
		outcome(bpf_program__attach(skel->progs.program) == NULL);
		outcome(bpf_program__attach_raw_tracepoint(skel->progs.program, "sched_switch") != NULL);
	}
	token__destroy(skel);
}

/* The same by hand. */
static void commands(const char *path)
{
	int directory = open(path, O_DIRECTORY), token = bpf_token_create(directory, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, map, .token_fd = token, .map_flags = BPF_F_TOKEN_FD);
	LIBBPF_OPTS(bpf_prog_load_opts, program, .token_fd = token, .prog_flags = BPF_F_TOKEN_FD);
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	outcome(token >= 0);
	outcome(bpf_map_create(BPF_MAP_TYPE_HASH, "map", 4, 4, 1, NULL));
	outcome(bpf_map_create(BPF_MAP_TYPE_HASH, "map", 4, 4, 1, &map) >= 0);
	outcome(bpf_prog_load(BPF_PROG_TYPE_XDP, "program", "GPL", insns, 2, NULL));
	outcome(bpf_prog_load(BPF_PROG_TYPE_XDP, "program", "GPL", insns, 2, &program) >= 0);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 && strcmp(argv[1], "-") ? argv[1] : NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	printf("with the file system\n");
	load(path);
	if (!path)
		return 0;
	printf("without a token\n");
	load("");
	printf("with another directory\n");
	load("/proc");
	load("/nonexistent");
	load("/dev/null");
	printf("from the environment\n");
	setenv("LIBBPF_BPF_TOKEN_PATH", path, 1);
	load(NULL);
	setenv("LIBBPF_BPF_TOKEN_PATH", "", 1);
	load(NULL);
	printf("by hand\n");
	commands(path);
	return 0;
}
