/* An object without its skeleton's functions: iteration, lookup by name, a refused program, other programs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"
#include "plain.skel.h"

static char refusal[16384];

/* Keeps what is said about the refused program. */
static int keep(enum libbpf_print_level level, const char *format, va_list arguments)
{
	size_t length = strlen(refusal);

	if (level == LIBBPF_WARN)
		vsnprintf(refusal + length, sizeof(refusal) - length, format, arguments);
	return 0;
}

static struct bpf_object *open_object(const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	size_t size;
	const void *bytes = plain_bpf__elf_bytes(&size);

	return bpf_object__open_mem(bytes, size, &opts);
}

static void try_bad(void)
{
	struct bpf_object *object = open_object("refused");
	libbpf_print_fn_t before;
	int err;

	bpf_program__set_autoload(bpf_object__find_program_by_name(object, "bad"), true);
	before = libbpf_set_print(keep);
	err = bpf_object__load(object);
	libbpf_set_print(before);
	printf("refused: %s\n", strerror(-err));
	for (char *line = strtok(refusal, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, "libbpf: ", 8) || strstr(line, "invalid mem access"))
			printf("  %s\n", line);
	bpf_object__close(object);
}

static int other_programs(void)
{
	char line[64] = "";
	FILE *pipe;
	int status;

	fflush(stdout);
	status = system("exit 3");
	if (status < 0)
		return failed("run a program", -errno);
	pipe = popen("echo some words", "r");
	if (!pipe)
		return failed("read from a program", -errno);
	if (!fgets(line, sizeof(line), pipe))
		return failed("read a line", -errno);
	line[strcspn(line, "\n")] = 0;
	printf("status %d, \"%s\", ", status, line);
	printf("%d\n", pclose(pipe));
	return 0;
}

/* Starts a program by hand, its output into a pipe. */
static int own_program(void)
{
	char line[64] = "";
	int ends[2], status = -1;
	pid_t child;

	if (pipe(ends))
		return failed("make a pipe", -errno);
	child = fork();
	if (child < 0)
		return failed("fork", -errno);
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execlp("sh", "sh", "-c", "echo other words; exit 4", NULL);
		_exit(127);
	}
	close(ends[1]);
	if (read(ends[0], line, sizeof(line) - 1) < 0)
		return failed("read from the pipe", -errno);
	close(ends[0]);
	line[strcspn(line, "\n")] = 0;
	printf("%d, ", waitpid(child, &status, 0) == child);
	printf("%d, status %d, \"%s\"\n", WIFEXITED(status), WEXITSTATUS(status), line);
	return 0;
}

int main(int argc, char **argv)
{
	int pid = argc > 1 ? atoi(argv[1]) : 0, err;
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_link *link = NULL;
	struct bpf_map *map;
	__u32 zero = 0;
	__u64 hits = 0;

	common_init();
	object = open_object("plain_object");
	if (!object)
		return failed("open", errno);
	bpf_object__for_each_program(program, object)
		printf("program %s in %s, type %d, %s\n", bpf_program__name(program), bpf_program__section_name(program),
		       bpf_program__type(program), bpf_program__autoload(program) ? "loaded" : "not loaded");
	bpf_object__for_each_map(map, object)
		printf("map %s, type %d, %s\n", bpf_map__name(map), bpf_map__type(map),
		       bpf_map__is_internal(map) ? "globals" : "its own");
	map = bpf_object__find_map_by_name(object, ".rodata");
	err = bpf_map__set_initial_value(map, &pid, sizeof(pid));
	printf("globals: %d\n", err);
	err = bpf_object__load(object);
	if (err) {
		failed("load", err);
		goto cleanup;
	}
	if (!bpf_object__find_program_by_name(object, "ugly"))
		printf("no such program: %s\n", strerror(errno));
	program = bpf_object__find_program_by_name(object, "good");
	printf("%s, %zu instructions\n", bpf_program__fd(program) > 0 ? "loaded" : "not loaded",
	       bpf_program__insn_cnt(program));
	link = bpf_program__attach_tracepoint(program, "syscalls", "sys_enter_write");
	if (!link) {
		err = failed("attach", -errno);
		goto cleanup;
	}
	if (!bpf_program__attach_tracepoint(program, "syscalls", "none"))
		printf("no such tracepoint: %s\n", strerror(errno));
	try_bad();
	err = other_programs();
	err = err ?: own_program();
	if (err)
		goto cleanup;
	ready();
	while (!ended)
		sleep(10);
	bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "hits"), &zero, &hits);
	printf("%s\n", hits >= 5 ? "counted" : "not counted");

cleanup:
	bpf_link__destroy(link);
	bpf_object__close(object);
	return err != 0;
}
