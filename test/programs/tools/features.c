/* What the kernel and the machine are: probes by libbpf and by hand, system information; a time limit by a jump. */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"

static sigjmp_buf limit_place;

static void on_limit(int number)
{
	siglongjmp(limit_place, number);
}

/* Leaves a function that does not come back by itself. */
static void with_limit(unsigned int seconds, void (*function)(void))
{
	void (*before)(int) = signal(SIGALRM, on_limit);
	int number = sigsetjmp(limit_place, 1);

	if (!number) {
		alarm(seconds);
		function();
	}
	alarm(0);
	signal(SIGALRM, before);
	printf("left by %s\n", number == SIGALRM ? "the limit" : "itself");
}

static void never(void)
{
	for (;;)
		pause();
}

static void at_once(void)
{
}

static int try_program(enum bpf_prog_type type, struct bpf_insn *instructions, size_t count, char *log, size_t size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = size, .log_level = log ? 1 : 0);

	return bpf_prog_load(type, "probe", "GPL", instructions, count, &opts);
}

static void by_hand(void)
{
	struct bpf_insn good[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_insn bad[] = { { .code = BPF_JMP | BPF_EXIT } };
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct bpf_prog_info info = {};
	char log[4096] = "", name[] = "hands";
	__u32 size = sizeof(info), key = 0, value = 0;
	int program, link, map, err;

	program = try_program(BPF_PROG_TYPE_RAW_TRACEPOINT, good, 2, NULL, 0);
	err = bpf_obj_get_info_by_fd(program, &info, &size);
	printf("program: %d, %d, type %u, %s, %u bytes of instructions\n", program > 0, err, info.type, info.name,
	       info.xlated_prog_len);
	link = bpf_raw_tracepoint_open("sys_enter", program);
	printf("raw tracepoint: %d\n", link > 0);
	close(link);
	link = bpf_raw_tracepoint_open("no_such_tracepoint", program);
	printf("none: %d %s\n", link, strerror(errno));
	close(program);
	program = try_program(BPF_PROG_TYPE_RAW_TRACEPOINT, bad, 1, log, sizeof(log));
	printf("refused: %d %s, %s\n", program, strerror(errno), strstr(log, "R0 !read_ok") ? "explained" : log);

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(key), sizeof(value), 4, &opts);
	value = 17;
	err = bpf_map_update_elem(map, &key, &value, BPF_ANY);
	value = 0;
	printf("map: %d %d %d, ", map > 0, err, bpf_map_lookup_elem(map, &key, &value));
	printf("%u\n", value);
	printf("frozen: %d, ", bpf_map_freeze(map));
	err = bpf_map_update_elem(map, &key, &value, BPF_ANY);
	printf("%d %s\n", err, strerror(errno));
	close(map);
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, 3, sizeof(value), 4, NULL);
	printf("wrong map: %d %s\n", map, strerror(errno));
	err = bpf_map_lookup_elem(map, &key, &value);
	printf("no map: %d %s\n", err, strerror(errno));
}

static void by_libbpf(void)
{
	const int programs[] = { BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_LSM, BPF_PROG_TYPE_SK_LOOKUP, 9999 };
	const int maps[] = { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_BLOOM_FILTER, 9999 };

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		printf("program type %d: %d\n", programs[i], libbpf_probe_bpf_prog_type(programs[i], NULL));
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		printf("map type %d: %d\n", maps[i], libbpf_probe_bpf_map_type(maps[i], NULL));
	printf("helper: %d %d\n", libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_current_pid_tgid, NULL),
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_get_current_comm, NULL));
	printf("%s, %s\n", libbpf_bpf_prog_type_str(BPF_PROG_TYPE_XDP), libbpf_bpf_map_type_str(BPF_MAP_TYPE_LRU_HASH));
}

int main(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct utsname name;
	char text[128];

	common_init();
	uname(&name);
	printf("%s %s %s %s\n", name.sysname, name.release, name.machine, name.nodename);
	printf("page %d %ld, CPUs %ld %d, ticks %ld\n", getpagesize(), sysconf(_SC_PAGESIZE),
	       sysconf(_SC_NPROCESSORS_ONLN), libbpf_num_possible_cpus(), sysconf(_SC_CLK_TCK));
	printf("user %d %d, %s, parent %s\n", getuid(), geteuid(), getpid() > 1 ? "a pid" : "no pid",
	       getppid() > 0 ? "a pid" : "no pid");
	printf("limit: %d\n", setrlimit(RLIMIT_MEMLOCK, &limit));
	printf("libbpf %d.x, errors: %s", libbpf_major_version(), strerror(ENOTSUP));
	libbpf_strerror(-ENOENT, text, sizeof(text));
	printf(", %s", text);
	libbpf_strerror(LIBBPF_ERRNO__VERIFY, text, sizeof(text));
	printf(", %s\n", text);
	by_hand();
	by_libbpf();
	with_limit(60, at_once);
	with_limit(1, never);
	with_limit(1, never);
	return 0;
}
