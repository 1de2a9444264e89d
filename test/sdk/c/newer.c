/* What the machine's libbpf may not have yet: the test says what each line has to be. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>
#include "answers.h"
#include "instructions.h"

static int load(enum bpf_prog_type type, enum bpf_attach_type attach_type)
{
	struct bpf_insn insns[] = { MOV_IMM(0, 0), EXIT() };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);

	return bpf_prog_load(type, "newer", "GPL", insns, 2, &opts);
}

static void infos(int prog, int map, int link)
{
	struct bpf_prog_info about_prog = { 0 };
	struct bpf_map_info about_map = { 0 };
	struct bpf_link_info about_link = { 0 };
	struct bpf_btf_info about_btf = { 0 };
	struct btf *btf = btf__new_empty();
	__u32 size = sizeof(about_prog);

	show(bpf_prog_get_info_by_fd(prog, &about_prog, &size));
	printf("%s\n", about_prog.name);
	size = sizeof(about_map);
	show(bpf_map_get_info_by_fd(map, &about_map, &size));
	show(about_map.max_entries);
	size = sizeof(about_link);
	show(bpf_link_get_info_by_fd(link, &about_link, &size));
	show(about_link.prog_id == about_prog.id);
	btf__add_int(btf, "int", 4, 0);
	show(btf__load_into_kernel(btf));
	size = sizeof(about_btf);
	show(bpf_btf_get_info_by_fd(btf__fd(btf), &about_btf, &size));
	show(about_btf.btf_size);
	btf__free(btf);
}

static void commands(const char *path)
{
	int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0), map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "m", 4, 4, 7, NULL);
	int directory = open(path, O_RDONLY | O_DIRECTORY), link, again;
	LIBBPF_OPTS(bpf_raw_tp_opts, tracepoint, .tp_name = "sched_switch");
	LIBBPF_OPTS(bpf_obj_pin_opts, pin, .file_flags = BPF_F_PATH_FD, .path_fd = directory);
	LIBBPF_OPTS(bpf_obj_get_opts, get, .file_flags = BPF_F_PATH_FD, .path_fd = directory);

	link = outcome(bpf_raw_tracepoint_open_opts(prog, &tracepoint));
	infos(prog, map, link);
	show(bpf_obj_pin_opts(map, "newer", &pin));
	again = bpf_obj_get_opts("newer", &get);
	show(again >= 0);
	close(again);
	show(unlinkat(directory, "newer", 0));
	show(bpf_token_create(directory, NULL) < 0);
	show(libbpf_set_memlock_rlim(0));
	close(link), close(prog), close(map), close(directory);
}

/* Requires Linux >= 6.17. */
static void newest(const char *path)
{
	int group = open(path, O_RDONLY | O_DIRECTORY), prog = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS);
	int other = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS);
	LIBBPF_OPTS(bpf_prog_attach_opts, first, .flags = BPF_F_ALLOW_MULTI | BPF_F_BEFORE, .relative_fd = prog);
	LIBBPF_OPTS(bpf_prog_query_opts, query);
	LIBBPF_OPTS(bpf_prog_detach_opts, detach);
	struct bpf_prog_info info = { 0 };
	__u32 ids[4] = { 0 }, size = sizeof(info);
	char text[64];

	show(bpf_prog_stream_read(prog, 1, text, sizeof(text), NULL));
	outcome(bpf_prog_stream_read(prog, 99, text, sizeof(text), NULL));
	show(bpf_prog_attach(prog, group, BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI));
	show(bpf_prog_attach_opts(other, group, BPF_CGROUP_INET_EGRESS, &first));
	query.prog_ids = ids;
	query.count = 4;
	show(bpf_prog_query_opts(group, BPF_CGROUP_INET_EGRESS, &query));
	bpf_prog_get_info_by_fd(other, &info, &size);
	show(query.count);
	show(ids[0] == info.id);
	show(query.revision);
	detach.expected_revision = 1;
	outcome(bpf_prog_detach_opts(other, group, BPF_CGROUP_INET_EGRESS, &detach));
	detach.expected_revision = query.revision;
	show(bpf_prog_detach_opts(other, group, BPF_CGROUP_INET_EGRESS, &detach));
	show(bpf_prog_detach_opts(prog, group, BPF_CGROUP_INET_EGRESS, NULL));
	close(prog), close(other), close(group);
}

static void types(void)
{
	LIBBPF_OPTS(btf_new_opts, opts);
	struct btf *btf = pointer(btf__new_empty_opts(&opts)), *split;
	__u32 order[] = { 0, 3, 1, 2 }, bad[] = { 0, 1, 1, 2 };
	/* A header, and one record of a function. */
	__u8 ext[] = { 0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0,
		       8,    0,	   0, 0, 1,  0, 0, 0, 1, 0, 0, 0, 0,  0, 0, 0, 1,  0, 0, 0 };
	struct btf_ext *section = pointer(btf_ext__new(ext, sizeof(ext)));
	__u32 size;

	show(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	show(btf__add_ptr(btf, 1));
	show(btf__add_struct(btf, "pair", 16));
	show(btf__add_field(btf, "number", 1, 0, 0));
	show(btf__add_field(btf, "next", 2, 64, 0));
	outcome(btf__permute(btf, order, 3, NULL));
	outcome(btf__permute(btf, bad, 4, NULL));
	show(btf__permute(btf, order, 4, NULL));
	show(btf__find_by_name(btf, "int"));
	show(btf__find_by_name(btf, "pair"));
	show(btf__type_by_id(btf, 1)->type);
	show(btf_members(btf__type_by_id(btf, 2))[0].type);
	show(btf_members(btf__type_by_id(btf, 2))[1].type);
	show(btf__resolve_size(btf, 2));
	show(btf__add_decl_attr(btf, "counted", 2, 0));
	show(btf_kflag(btf__type_by_id(btf, 4)));
	show(btf__add_type_attr(btf, "user", 3));
	show(btf_kflag(btf__type_by_id(btf, 5)));
	split = btf__new_empty_split(btf);
	show(btf__add_ptr(split, 2));
	show(btf__add_const(split, 6));
	__u32 own[] = { 7, 6 };
	show(btf__permute(split, own, 2, NULL));
	show(btf__type_by_id(split, 6)->type);
	show(btf__type_by_id(split, 7)->type);
	outcome(btf__dedup(split, NULL));
	btf__free(split);
	opts.add_layout = true;
	pointer(btf__new_empty_opts(&opts));
	show(btf_ext__endianness(section));
	show(btf_ext__set_endianness(section, BTF_LITTLE_ENDIAN));
	show(memcmp(btf_ext__raw_data(section, &size), ext, sizeof(ext)));
	show(size);
	btf_ext__free(section);
	btf__free(btf);
}

static void buffers(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "events", 4, 4, libbpf_num_possible_cpus(), NULL);
	struct perf_buffer *pb = perf_buffer__new(map, 1, NULL, NULL, NULL, NULL);
	void *memory;
	size_t size;

	outcome(perf_buffer__buffer(pb, 0, &memory, &size));
	outcome(perf_buffer__buffer(pb, 1000, &memory, &size));
	perf_buffer__free(pb);
	close(map);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	commands(argv[1]);
	types();
	buffers();
	if (argc > 2)
		newest(argv[2]);
	return 0;
}
