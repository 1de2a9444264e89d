/* The functions of <bpf/bpf.h>: what each answers is printed, the same natively and in a guest. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "answers.h"
#include "instructions.h"

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN)
		vprintf(format, arguments);
	return 0;
}

static void elements(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	int map = outcome(bpf_map_create(BPF_MAP_TYPE_HASH, "commands_with_a_long_name", 4, 8, 100, &opts));
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info), key, next;
	__u64 value;

	outcome(bpf_obj_get_info_by_fd(map, &info, &length));
	printf("%s %u %u %u %u %#x\n", info.name, info.type, info.key_size, info.value_size, info.max_entries, info.map_flags);
	show(length >= 80);
	for (key = 1; key <= 10; key++) {
		value = (__u64)key << 33 | key;
		if (bpf_map_update_elem(map, &key, &value, BPF_ANY))
			perror("update");
	}
	key = 3;
	outcome(bpf_map_update_elem(map, &key, &value, BPF_NOEXIST));
	outcome(bpf_map_lookup_elem(map, &key, &value));
	show(value);
	outcome(bpf_map_delete_elem(map, &key));
	outcome(bpf_map_delete_elem(map, &key));
	outcome(bpf_map_lookup_elem(map, &key, &value));
	outcome(bpf_map_update_elem(map, &key, &value, BPF_EXIST));
	key = 5;
	outcome(bpf_map_lookup_and_delete_elem(map, &key, &value));
	show(value);
	outcome(bpf_map_lookup_and_delete_elem(map, &key, &value));
	outcome(bpf_map_lookup_elem_flags(map, &key, &value, 1ULL << 40));
	key = 6;
	outcome(bpf_map_delete_elem_flags(map, &key, 0));
	outcome(bpf_map_delete_elem_flags(map, &key, 0));
	key = 7;
	outcome(bpf_map_lookup_and_delete_elem_flags(map, &key, &value, 0));
	show(value);
	next = 0;
	for (__u32 *from = NULL; !bpf_map_get_next_key(map, from, &key); from = &key)
		next += key;
	show(errno);
	show(next);
	outcome(bpf_map_lookup_elem(-1, &key, &value));
	outcome(bpf_map_lookup_elem(1000, &key, &value));
	show(bpf_map_lookup_elem(0, &key, &value) < 0);
	outcome(bpf_map_lookup_elem(map, NULL, &value));
	close(map);
	outcome(bpf_map_lookup_elem(map, &key, &value));
	outcome(bpf_map_create(BPF_MAP_TYPE_HASH, NULL, 0, 8, 100, NULL));
	outcome(bpf_map_create(BPF_MAP_TYPE_HASH, "a b", 4, 8, 100, NULL));
	outcome(bpf_map_create(9999, "unknown", 4, 8, 100, NULL));
	opts.sz = 3;
	outcome(bpf_map_create(BPF_MAP_TYPE_HASH, "small", 4, 8, 100, &opts));
}

static void batches(void)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = 0, .flags = 0);
	int map = outcome(bpf_map_create(BPF_MAP_TYPE_HASH, "batches", 4, 4, 1000, NULL));
	static __u32 keys[1000], values[1000];
	__u32 count = 300, from, sum = 0, total = 0, *in = NULL;
	int result;

	for (__u32 i = 0; i < count; i++) {
		keys[i] = i;
		values[i] = 3 * i;
	}
	outcome(bpf_map_update_batch(map, keys, values, &count, &opts));
	show(count);
	do {
		count = 128;
		result = bpf_map_lookup_batch(map, in, &from, keys, values, &count, &opts);
		for (__u32 i = 0; i < count; i++)
			sum += values[i] - 3 * keys[i] + 1;
		total += count;
		in = &from;
	} while (!result);
	printf("lookup ends with %d, %s\n", result, strerror(errno));
	show(sum);
	show(total);
	for (__u32 i = 0; i < 100; i++)
		keys[i] = i;
	count = 100;
	outcome(bpf_map_delete_batch(map, keys, &count, &opts));
	show(count);
	count = 10;
	outcome(bpf_map_delete_batch(map, keys, &count, &opts));
	show(count);
	count = 1000;
	result = bpf_map_lookup_and_delete_batch(map, NULL, &from, keys, values, &count, NULL);
	printf("take ends with %d, %s\n", result, strerror(errno));
	show(count);
	count = 1000;
	result = bpf_map_lookup_and_delete_batch(map, NULL, &from, keys, values, &count, NULL);
	printf("take ends with %d, %s\n", result, strerror(errno));
	show(count);
	opts.flags = 77;
	count = 1;
	outcome(bpf_map_update_batch(map, keys, values, &count, &opts));
	close(map);
}

static void kinds(void)
{
	int cpus = libbpf_num_possible_cpus(), inner, outer, queue, frozen, percpu;
	__u64 *values = calloc(cpus, 8);
	__u32 key = 0, id;
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);

	percpu = outcome(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "percpu", 4, 8, 2, NULL));
	for (int i = 0; i < cpus; i++)
		values[i] = 100 + i;
	outcome(bpf_map_update_elem(percpu, &key, values, 0));
	memset(values, 0, 8 * cpus);
	outcome(bpf_map_lookup_elem(percpu, &key, values));
	show(values[cpus - 1] - cpus);
	queue = outcome(bpf_map_create(BPF_MAP_TYPE_QUEUE, "queue", 0, 8, 2, NULL));
	outcome(bpf_map_update_elem(queue, NULL, values, 0));
	outcome(bpf_map_lookup_and_delete_elem(queue, NULL, values));
	show(*values);
	outcome(bpf_map_lookup_and_delete_elem(queue, NULL, values));
	inner = outcome(bpf_map_create(BPF_MAP_TYPE_ARRAY, "inner", 4, 4, 1, NULL));
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = inner);
	outer = outcome(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "outer", 4, 4, 1, &opts));
	outcome(bpf_map_update_elem(outer, &key, &inner, 0));
	outcome(bpf_map_lookup_elem(outer, &key, &id));
	outcome(bpf_obj_get_info_by_fd(inner, &info, &length));
	show(info.id == id);
	frozen = outcome(bpf_map_create(BPF_MAP_TYPE_ARRAY, "frozen", 4, 4, 1, NULL));
	outcome(bpf_map_freeze(frozen));
	outcome(bpf_map_update_elem(frozen, &key, &key, 0));
	outcome(bpf_map_freeze(frozen));
	free(values);
	close(percpu), close(queue), close(inner), close(outer), close(frozen);
}

static void programs(void)
{
	static char log[4096];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log));
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "counter", 4, 8, 1, NULL), prog;
	struct bpf_insn bad[] = { MOV_IMM(0, 0) };
	struct bpf_insn count[] = {
		STORE_IMM(BPF_W, 10, -4, 0), MOV_REG(2, 10), ADD_IMM(2, -4), MAP_FD(1, map), CALL(BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3, 0), LOAD(BPF_DW, 1, 0, 0), ADD_IMM(1, 7),
		STORE_REG(BPF_DW, 0, 1, 0), MOV_IMM(0, 42), EXIT(),
	};
	char in[64] = { 1, 2, 3 }, out[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in), .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 3);
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info), key = 0, ids[4] = { 0 };
	__u64 value;
	int size = sizeof(count) / sizeof(*count);

	outcome(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "bad", "GPL", bad, 1, &opts));
	printf("%s", log);
	opts.log_size = 0;
	outcome(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "bad", "GPL", bad, 1, &opts));
	outcome(bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "wild", "GPL", NULL, 1, NULL));
	outcome(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "license", NULL, count, size, NULL));
	prog = outcome(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "counting", "GPL", count, size, NULL));
	outcome(bpf_prog_test_run_opts(prog, &run));
	show(run.retval);
	show(run.data_size_out);
	show(memcmp(in, out, sizeof(in)));
	show(run.duration > 0 || run.duration == 0);
	outcome(bpf_map_lookup_elem(map, &key, &value));
	show(value);
	run.data_size_in = 3;
	outcome(bpf_prog_test_run_opts(prog, &run));
	info.nr_map_ids = 4;
	info.map_ids = (unsigned long)ids;
	outcome(bpf_obj_get_info_by_fd(prog, &info, &length));
	printf("%s, type %u, %u maps, %u bytes\n", info.name, info.type, info.nr_map_ids, info.xlated_prog_len);
	struct bpf_map_info about = { 0 };
	length = sizeof(about);
	bpf_obj_get_info_by_fd(map, &about, &length);
	show(about.id == ids[0]);
	/* The kernel says EINVAL, a guest is told EBADF. */
	show(bpf_prog_test_run_opts(map, &run) < 0);
	show(bpf_map_lookup_elem(prog, &key, &value) < 0);
	outcome(bpf_prog_bind_map(prog, map, NULL));
	close(map), close(prog);
}

static int trivial(enum bpf_prog_type type, enum bpf_attach_type attach_type)
{
	struct bpf_insn insns[] = { MOV_IMM(0, 0), EXIT() };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);

	return bpf_prog_load(type, "trivial", "GPL", insns, 2, &opts);
}

static void links(void)
{
	int prog = trivial(BPF_PROG_TYPE_RAW_TRACEPOINT, 0), other = trivial(BPF_PROG_TYPE_RAW_TRACEPOINT, 0), link;
	char name[32] = "";
	struct bpf_link_info info = { .raw_tracepoint = { .tp_name = (unsigned long)name, .tp_name_len = sizeof(name) } };
	__u32 length = sizeof(info), own, id = 0, found = 0;

	link = outcome(bpf_raw_tracepoint_open("sched_switch", prog));
	outcome(bpf_obj_get_info_by_fd(link, &info, &length));
	printf("type %u, %s\n", info.type, name);
	own = info.id;
	while (!bpf_link_get_next_id(id, &id))
		found += id == own;
	show(errno);
	show(found);
	outcome(close(bpf_link_get_fd_by_id(own)));
	__u64 offset = 1, address = 1;
	__u32 prog_id = 0, kind = 0, room = sizeof(name);
	memset(name, 0, sizeof(name));
	outcome(bpf_task_fd_query(getpid(), link, 0, name, &room, &prog_id, &kind, &offset, &address));
	printf("%s %u %u, %d\n", name, room, kind, prog_id == info.prog_id);
	room = 4;
	outcome(bpf_task_fd_query(getpid(), link, 0, name, &room, &prog_id, &kind, &offset, &address));
	outcome(bpf_task_fd_query(getpid(), link, 7, name, &room, &prog_id, &kind, &offset, &address));
	outcome(bpf_task_fd_query(getpid(), 1000, 0, name, &room, &prog_id, &kind, &offset, &address));
	outcome(bpf_link_update(link, other, NULL));
	outcome(bpf_link_detach(link));
	close(link);
	outcome(bpf_raw_tracepoint_open("no_such_tracepoint", prog));
	outcome(bpf_link_create(prog, 0, BPF_XDP, NULL));
	LIBBPF_OPTS(bpf_link_create_opts, both, .iter_info_len = 8, .target_btf_id = 3);
	outcome(bpf_link_create(prog, 0, BPF_TRACE_ITER, &both));
	LIBBPF_OPTS(bpf_link_create_opts, more, .kprobe_multi.cnt = 1);
	outcome(bpf_link_create(prog, 0, BPF_TRACE_RAW_TP, &more));
	outcome(bpf_link_create(-1, 0, BPF_TRACE_RAW_TP, NULL));
	close(prog), close(other);
}

static void ids_and_paths(const char *directory)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "pinned", 4, 4, 1, NULL), again;
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info), id = 0, found = 0, own;
	char path[256];

	bpf_obj_get_info_by_fd(map, &info, &length);
	own = info.id;
	while (!bpf_map_get_next_id(id, &id))
		found += id == own;
	show(found);
	again = outcome(bpf_map_get_fd_by_id(own));
	memset(&info, 0, sizeof(info));
	bpf_obj_get_info_by_fd(again, &info, &length);
	show(info.id == own);
	close(again);
	outcome(bpf_map_get_fd_by_id(0x7fffffff));
	outcome(bpf_prog_get_fd_by_id(0x7fffffff));
	outcome(bpf_btf_get_fd_by_id(0x7fffffff));
	outcome(bpf_link_get_fd_by_id(0x7fffffff));
	snprintf(path, sizeof(path), "%s/pinned", directory);
	errno = 0;
	show(bpf_obj_pin(map, path));
	show(bpf_obj_pin(map, path));
	show(errno);
	again = bpf_obj_get(path);
	show(again >= 0);
	memset(&info, 0, sizeof(info));
	length = sizeof(info);
	bpf_obj_get_info_by_fd(again, &info, &length);
	show(info.id == own);
	close(again);
	show(unlink(path));
	show(bpf_obj_get(path));
	show(errno);
	errno = 0;
	LIBBPF_OPTS(bpf_obj_get_opts, read_only, .file_flags = BPF_F_RDONLY);
	show(bpf_obj_pin(map, path));
	again = bpf_obj_get_opts(path, &read_only);
	show(again >= 0);
	show(bpf_map_update_elem(again, &found, &found, 0));
	show(errno);
	close(again);
	show(unlink(path));
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, flags, .open_flags = BPF_F_RDONLY);
	again = outcome(bpf_map_get_fd_by_id_opts(own, &flags));
	id = 0;
	outcome(bpf_map_lookup_elem(again, &id, &found));
	outcome(bpf_map_update_elem(again, &id, &found, 0));
	close(again);
	outcome(bpf_prog_get_fd_by_id_opts(0x7fffffff, NULL));
	outcome(bpf_btf_get_fd_by_id_opts(0x7fffffff, NULL));
	outcome(bpf_link_get_fd_by_id_opts(0x7fffffff, NULL));
	flags.open_flags = 1 << 30;
	outcome(bpf_map_get_fd_by_id_opts(own, &flags));
	id = 0;
	/* The only one, maybe. */
	int prog = trivial(BPF_PROG_TYPE_RAW_TRACEPOINT, 0);
	show(bpf_prog_get_next_id(0, &id) == 0 && id > 0);
	close(prog);
	show(bpf_btf_get_next_id(0, &id) == 0 && id > 0);
	outcome(bpf_prog_get_next_id(0x7fffffff, &id));
	again = outcome(bpf_enable_stats(BPF_STATS_RUN_TIME));
	close(again);
	close(map);
}

static void groups(const char *path)
{
	int group = open(path, O_RDONLY | O_DIRECTORY), prog = trivial(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS);
	__u32 ids[4] = { 0 }, count = 4, flags = 9;
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int link;

	show(group >= 0);
	outcome(bpf_prog_attach(prog, group, BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI));
	outcome(bpf_prog_query(group, BPF_CGROUP_INET_EGRESS, 0, &flags, ids, &count));
	show(count);
	show(flags);
	bpf_obj_get_info_by_fd(prog, &info, &length);
	show(info.id == ids[0]);
	outcome(bpf_prog_detach2(prog, group, BPF_CGROUP_INET_EGRESS));
	outcome(bpf_prog_detach2(prog, group, BPF_CGROUP_INET_EGRESS));
	count = 4;
	outcome(bpf_prog_query(group, BPF_CGROUP_INET_EGRESS, 0, &flags, ids, &count));
	show(count);
	link = outcome(bpf_link_create(prog, group, BPF_CGROUP_INET_EGRESS, NULL));
	outcome(bpf_link_update(link, prog, NULL));
	close(link);
	outcome(bpf_prog_attach(prog, 1000, BPF_CGROUP_INET_EGRESS, 0));
	/* Exchanging one program for another, and detaching whatever is there. */
	int other = trivial(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS);
	LIBBPF_OPTS(bpf_prog_attach_opts, replace, .flags = BPF_F_ALLOW_MULTI | BPF_F_REPLACE, .replace_prog_fd = prog);
	outcome(bpf_prog_attach_opts(other, group, BPF_CGROUP_INET_EGRESS, &replace));
	outcome(bpf_prog_attach(prog, group, BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI));
	outcome(bpf_prog_attach_opts(other, group, BPF_CGROUP_INET_EGRESS, &replace));
	count = 4;
	outcome(bpf_prog_query(group, BPF_CGROUP_INET_EGRESS, 0, &flags, ids, &count));
	show(count);
	outcome(bpf_prog_detach2(other, group, BPF_CGROUP_INET_EGRESS));
	outcome(bpf_prog_attach(prog, group, BPF_CGROUP_INET_INGRESS, 0));
	outcome(bpf_prog_detach(group, BPF_CGROUP_INET_INGRESS));
	outcome(bpf_prog_detach(group, BPF_CGROUP_INET_INGRESS));
	close(other);
	close(prog), close(group);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	show(argc);
	elements();
	batches();
	kinds();
	programs();
	links();
	ids_and_paths(argv[1]);
	groups(argv[2]);
	return 0;
}
