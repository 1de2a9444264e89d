/* What libbpf prints and returns when it is used wrongly: names, descriptors, order of checks, damaged types. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include "answers.h"
#include "misuse.skel.h"

#define UNKNOWN_FD 999

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	printf("  %d ", level);
	return vprintf(format, arguments);
}

static void names(void)
{
	static const char *const sections[] = { "nowhere", "?xdp", "classifier/x", "kprobe", "cgroup/dev", "xdp.frags" };

	for (unsigned int i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		enum bpf_prog_type type = 0;
		enum bpf_attach_type attach_type = 0;

		printf("%s\n", sections[i]);
		outcome(libbpf_prog_type_by_name(sections[i], &type, &attach_type));
		outcome(libbpf_attach_type_by_name(sections[i], &attach_type));
		printf("type %d, attach type %d\n", type, attach_type);
	}
}

static void errors(void)
{
	static const int numbers[] = { 0, 1, -1, 133, 134, 524, 4000, 4013, 4014 };
	char text[64];

	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		show(libbpf_strerror(numbers[i], text, sizeof(text)));
		printf("%s\n", text);
		show(libbpf_strerror(numbers[i], text, 5));
		printf("%s\n", text);
	}
	fails(libbpf_strerror(1, text, 0));
	fails(libbpf_strerror(1, NULL, 5));
}

static void options(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, log, .kernel_log_size = 100);
	LIBBPF_OPTS(bpf_object_open_opts, path);
	char *long_path = malloc(5000);

	pointer(bpf_object__open_file("nowhere.o", &log));
	memset(long_path, 'a', 4999);
	long_path[4999] = 0;
	path.btf_custom_path = long_path;
	pointer(bpf_object__open_file("nowhere.o", &path));
	path.btf_custom_path = NULL;
	path.bpf_token_path = long_path;
	pointer(bpf_object__open_file("nowhere.o", &path));
	pointer(bpf_object__open_file("/tmp", NULL));
	free(long_path);
}

static void descriptors(struct misuse *skel)
{
	struct bpf_map_info info;
	__u32 size = sizeof(info);
	int key = 0, prog = bpf_program__fd(skel->progs.raw), map = bpf_map__fd(skel->maps.values);

	fails(bpf_map_lookup_elem(UNKNOWN_FD, &key, &key));
	fails(bpf_map_lookup_elem(prog, &key, &key));
	fails(bpf_map_lookup_elem(1, &key, &key));
	fails(bpf_map_get_next_key(prog, NULL, &key));
	fails(bpf_map_freeze(prog));
	fails(bpf_map_get_info_by_fd(UNKNOWN_FD, &info, &size));
	fails(bpf_map_get_info_by_fd(1, &info, &size));
	fails(bpf_obj_pin(1, "/sys/fs/bpf/sdk-misuse"));
	fails(bpf_prog_bind_map(map, map, NULL));
	fails(bpf_link_detach(map));
	fails(bpf_link_create(map, 0, BPF_TRACE_RAW_TP, NULL));
	fails(bpf_iter_create(map));
}

/* Before the load there are neither maps nor programs. */
static void before_load(struct misuse *skel)
{
	fails(bpf_map__reuse_fd(skel->maps.values, UNKNOWN_FD));
	fails(bpf_map__reuse_fd(skel->maps.values, -1));
	fails(bpf_program__set_attach_target(skel->progs.off, UNKNOWN_FD, "function"));
	fails(bpf_map__set_max_entries(skel->maps.data, bpf_map__max_entries(skel->maps.data)));
	fails(bpf_map__set_type(skel->maps.data, bpf_map__type(skel->maps.data)));
	fails(bpf_map__pin(skel->maps.values, NULL));
	fails(bpf_map__pin(skel->maps.values, "/tmp/sdk-misuse"));
	fails(bpf_map__pin(skel->maps.values, "/sys/fs/bpf/sdk-misuse"));
	show(bpf_map__set_pin_path(skel->maps.values, "/sys/fs/bpf/sdk-misuse"));
	fails(bpf_map__pin(skel->maps.values, NULL));
	show(bpf_map__set_pin_path(skel->maps.values, NULL));
	show(bpf_map__inner_map(skel->maps.outer) != NULL);
}

static void after_load(struct misuse *skel)
{
	show(bpf_map__inner_map(skel->maps.outer) != NULL);
	fails(bpf_map__set_inner_map_fd(skel->maps.outer, UNKNOWN_FD));
	fails(bpf_program__unpin(skel->progs.raw, "/tmp/sdk-misuse"));
	fails(bpf_object__unpin_programs(skel->obj, "/tmp"));
	fails(bpf_program__set_attach_target(skel->progs.off, UNKNOWN_FD, "function"));
}

/* What is looked at first: options, then the program, then the rest; for events, the event before the program. */
static void order(struct misuse *skel)
{
	struct bpf_program *off = skel->progs.off, *raw = skel->progs.raw;
	const char *symbols[] = { "a", "b" };
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_kprobe_multi_opts, functions, .syms = symbols);
	LIBBPF_OPTS(bpf_uprobe_multi_opts, places, .retprobe = true, .session = true);
	LIBBPF_OPTS(bpf_usdt_opts, usdt);
	LIBBPF_OPTS(bpf_uprobe_opts, named, .func_name = "no_such_function");
	LIBBPF_OPTS(bpf_uprobe_opts, counted, .ref_ctr_offset = 1ull << 40);
	LIBBPF_OPTS(bpf_iter_attach_opts, iterator, .link_info_len = 4);
	LIBBPF_OPTS(bpf_tcx_opts, relative, .relative_fd = UNKNOWN_FD);

	pointer(bpf_program__attach_kprobe_multi_opts(off, NULL, &functions));
	pointer(bpf_program__attach_uprobe_multi(off, -1, "/bin/true", "x", &places));
	pointer(bpf_program__attach_uprobe_multi(raw, -1, "/bin/true", "x", &places));
	pointer(bpf_program__attach_uprobe_multi(raw, -1, "/etc/passwd", "x", NULL));
	pointer(bpf_program__attach_uprobe_multi(raw, -1, "/tmp", "x", NULL));
	pointer(bpf_program__attach_tracing_multi(off, NULL, NULL));
	pointer(bpf_program__attach_usdt(off, -1, NULL, "a", "b", NULL));
	usdt.sz = 1;
	pointer(bpf_program__attach_usdt(off, -1, "/bin/true", "a", "b", &usdt));
	pointer(bpf_program__attach_uprobe(off, false, -1, "/nonexistent", 0));
	pointer(bpf_program__attach_uprobe(off, false, -1, "no-such-program", 0));
	pointer(bpf_program__attach_uprobe(raw, false, -5, "/bin/true", 0x1000));
	pointer(bpf_program__attach_uprobe_opts(off, -1, "/nonexistent", 0, &named));
	pointer(bpf_program__attach_uprobe_opts(off, -1, "/tmp", 0, &named));
	pointer(bpf_program__attach_uprobe_opts(raw, -1, "/bin/true", 0x1000, &counted));
	pointer(bpf_program__attach_perf_event(off, 1));
	pointer(bpf_program__attach_perf_event(raw, UNKNOWN_FD));
	pointer(bpf_program__attach_perf_event(raw, 1));
	pointer(bpf_program__attach_raw_tracepoint(off, "sched_switch"));
	pointer(bpf_program__attach_iter(off, &iterator));
	pointer(bpf_program__attach_iter(raw, &iterator));
	iterator.link_info = &info;
	iterator.link_info_len = 0;
	pointer(bpf_program__attach_iter(raw, &iterator));
	pointer(bpf_program__attach_tcx(raw, 99999, &relative));
}

/* --- Types --- */

static const void *types(__u32 *size)
{
	static struct btf *btf;
	int number, record;

	btf = btf__new_empty();
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	record = btf__add_struct(btf, "record", 8);
	btf__add_field(btf, "a", number, 0, 0);
	btf__add_field(btf, "b", number, 32, 0);
	btf__add_enum(btf, "choice", 4);
	btf__add_enum_value(btf, "first", 1);
	btf__add_ptr(btf, record);
	btf__add_func(btf, "function", BTF_FUNC_STATIC, btf__add_func_proto(btf, number) + 1);
	btf__add_func_proto(btf, 0);
	return btf__raw_data(btf, size);
}

/* The same bytes with a header of 24 bytes, which is what both have in common. */
static __u32 common(char *to)
{
	struct btf_header *header = (void *)to, before;
	__u32 size;
	const char *raw = types(&size);

	memcpy(&before, raw, 24);
	memcpy(to, raw, 24);
	memcpy(to + 24, raw + before.hdr_len + before.type_off, before.type_len);
	memcpy(to + 24 + before.type_len, raw + before.hdr_len + before.str_off, before.str_len);
	header->hdr_len = 24;
	header->type_off = 0;
	header->str_off = before.type_len;
	return 24 + before.type_len + before.str_len;
}

#define damaged(change) \
	do { \
		struct btf_header *header = (void *)bytes; \
		memcpy(bytes, good, size); \
		(void)header; \
		change; \
		printf("%s\n", #change); \
		btf__free(pointer(btf__new(bytes, size))); \
	} while (0)
#define word(at) (*(__u32 *)(bytes + 24 + (at)))

static void damaged_types(void)
{
	char good[1024], bytes[1024];
	__u32 size = common(good), at;

	memcpy(bytes, good, size);
	btf__free(pointer(btf__new(bytes, size)));
	for (at = 0; at < size; at += 17)
		btf__free(pointer(btf__new(good, at)));
	damaged(header->magic = 0x1234);
	damaged(header->magic = 0x9feb);
	damaged(header->hdr_len = 0);
	damaged(header->hdr_len = 0xffff);
	damaged(header->type_off = 1);
	damaged(header->type_len -= 4);
	damaged(header->type_len += 4);
	damaged(header->str_len -= 1);
	damaged(header->str_len = 0);
	damaged(header->str_len += 1);
	damaged(bytes[24 + header->type_len] = 'x');
	for (at = 0; at < ((struct btf_header *)good)->type_len; at += 4) {
		printf("at %u\n", at);
		damaged(word(at) = 77777);
		damaged(word(at) ^= 0x1f000000);
	}
	/* NB: a function without a prototype. */
	damaged(word(header->type_len - 12 - 12 + 8) = 1);
}

#define records(...) \
	do { \
		__u32 data[] = { __VA_ARGS__ }; \
		printf("%s\n", #__VA_ARGS__); \
		btf_ext__free(pointer(btf_ext__new((void *)data, sizeof(data)))); \
	} while (0)

static void damaged_records(void)
{
	records(0x0001eb9f);
	records(0x00011234, 24, 0, 0, 0, 0);
	records(0x0002eb9f, 24, 0, 0, 0, 0);
	records(0x0101eb9f, 24, 0, 0, 0, 0);
	records(0x0001eb9f, 99, 0, 0, 0, 0);
	records(0x0001eb9f, 24, 0, 0, 0, 0);
	records(0x0001eb9f, 8, 0, 0, 0, 0);
	records(0x0001eb9f, 24, 0, 0, 0, 0, 0);
	records(0x0001eb9f, 24, 1, 4, 5, 4, 8, 16);
	records(0x0001eb9f, 24, 0, 100, 4, 4, 8, 16);
	records(0x0001eb9f, 24, 0, 2, 2, 2, 8);
	records(0x0001eb9f, 24, 0, 4, 4, 4, 7, 16);
	records(0x0001eb9f, 24, 0, 4, 4, 4, 8, 16);
	records(0x0001eb9f, 24, 0, 8, 8, 4, 8, 16, 16);
	records(0x0001eb9f, 24, 0, 12, 12, 4, 8, 0, 0, 16);
	records(0x0001eb9f, 24, 0, 12, 12, 4, 8, 1, 1, 16);
	records(0x0001eb9f, 24, 0, 20, 0, 0, 8, 1, 1, 0, 0);
	records(0x0001eb9f, 32, 0, 0, 0, 0, 0, 8, 16, 4);
}

static void out(void *context, const char *format, va_list arguments)
{
	(void)context;
	vprintf(format, arguments);
}

static void dumps(void)
{
	struct btf *btf = btf__new_empty();
	int loop = btf__add_struct(btf, "loop", 4), forward;
	struct btf_dump *dump;
	char data[8] = { 0 };

	btf__add_field(btf, "again", loop, 0, 0);
	forward = btf__add_fwd(btf, "elsewhere", BTF_FWD_STRUCT);
	show(btf__pointer_size(btf));
	dump = btf_dump__new(btf, out, NULL, NULL);
	fails(btf_dump__dump_type(dump, loop));
	fails(btf_dump__dump_type_data(dump, forward, data, sizeof(data), NULL));
	fails(btf_dump__dump_type_data(dump, 0, data, sizeof(data), NULL));
	btf_dump__free(dump);
	btf__free(btf);
}

static void files(void)
{
	pointer(btf__parse("/nonexistent", NULL));
	pointer(btf__parse_raw("/nonexistent"));
	pointer(btf__parse_elf("/nonexistent", NULL));
	pointer(btf__parse("/etc/passwd", NULL));
	pointer(btf__parse_raw("/etc/passwd"));
	pointer(btf__parse_elf("/etc/passwd", NULL));
	pointer(btf__parse("/tmp", NULL));
	pointer(btf__parse_raw("/tmp"));
	pointer(btf__parse_elf("/tmp", NULL));
	pointer(btf__parse_elf("/bin/true", NULL));
}

int main(void)
{
	struct misuse *skel;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	names();
	errors();
	options();
	damaged_types();
	damaged_records();
	dumps();
	files();
	libbpf_set_print(quiet);
	skel = misuse__open();
	libbpf_set_print(print);
	if (!skel)
		return 1;
	before_load(skel);
	libbpf_set_print(quiet);
	if (misuse__load(skel))
		return 1;
	libbpf_set_print(print);
	after_load(skel);
	descriptors(skel);
	order(skel);
	misuse__destroy(skel);
	return 0;
}
