/* Functions that are seldom called. Argument: a folder of a BPF file system. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "answers.h"
#include "rest.skel.h"

static int run(const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	unsigned char packet[64] = {};

	opts.data_in = packet;
	opts.data_size_in = sizeof(packet);
	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) ?: (int)opts.retval;
}

static void versions(void)
{
	show(libbpf_major_version());
	show(libbpf_minor_version());
	printf("%s\n", libbpf_version_string());
	show(libbpf_set_strict_mode(LIBBPF_STRICT_ALL));
}

static void before_load(struct rest *skel)
{
	struct bpf_insn insns[] = {
		{ .code = 0xb7, .dst_reg = 0, .imm = 77 }, /* r0 = 77 */
		{ .code = 0x95 }, /* exit */
	};

	show(bpf_map__map_extra(skel->maps.filter));
	show(bpf_map__set_map_extra(skel->maps.filter, 5));
	show(bpf_map__map_extra(skel->maps.filter));
	show(bpf_map__numa_node(skel->maps.table));
	show(bpf_map__set_numa_node(skel->maps.table, 0));
	show(bpf_map__ifindex(skel->maps.table));
	show(bpf_map__set_ifindex(skel->maps.table, 7));
	show(bpf_map__ifindex(skel->maps.table));
	show(bpf_map__set_ifindex(skel->maps.table, 0));
	show(bpf_map__set_key_size(skel->maps.table, 8));
	show(bpf_map__key_size(skel->maps.table));
	show(bpf_map__set_key_size(skel->maps.table, 4));
	show(bpf_map__set_map_flags(skel->maps.table, BPF_F_NO_PREALLOC));
	show(bpf_map__btf_key_type_id(skel->maps.table) != 0);
	show(bpf_map__btf_value_type_id(NULL));
	printf("%s\n", bpf_map__get_pin_path(skel->maps.table) ? "pinned" : "not pinned");
	show(bpf_program__get_type(skel->progs.emit));
	show(bpf_program__get_expected_attach_type(skel->progs.on_switch));
	show(bpf_program__set_flags(skel->progs.simple, BPF_F_ANY_ALIGNMENT));
	show(bpf_program__flags(skel->progs.simple));
	bpf_program__set_ifindex(skel->progs.simple, 0);
	show(bpf_program__set_insns(skel->progs.simple, insns, 2));
	show(bpf_program__insn_cnt(skel->progs.simple));
	show(bpf_program__insns(skel->progs.simple)[0].imm);
	show(bpf_object__set_kversion(skel->obj, 0x60c00));
	show(bpf_object__kversion(skel->obj));
	show(bpf_object__token_fd(skel->obj));
	fails(bpf_object__pin_programs(skel->obj, "/sys/fs/bpf/nowhere"));
}

static int one_record(void *context, void *data, size_t size)
{
	printf("record %d of %zu, %s\n", *(int *)data, size, (const char *)context);
	return 0;
}

static void rings(struct rest *skel)
{
	struct ring_buffer *buffer = ring_buffer__new(bpf_map__fd(skel->maps.ring), one_record, "first", NULL);
	struct ring *ring = ring_buffer__ring(buffer, 0);

	fails(ring_buffer__ring(buffer, 1));
	show(ring__size(ring));
	show(ring__map_fd(ring) == bpf_map__fd(skel->maps.ring));
	for (int i = 0; i < 4; i++)
		run(skel->progs.emit);
	show(ring__avail_data_size(ring));
	show(ring__producer_pos(ring) - ring__consumer_pos(ring));
	show(ring_buffer__consume_n(buffer, 1));
	show(ring__consumer_pos(ring));
	show(ring__consume_n(ring, 2));
	show(ring__consume(ring));
	show(ring__avail_data_size(ring));
	ring_buffer__free(buffer);
}

static void links(struct rest *skel, const char *folder)
{
	LIBBPF_OPTS(bpf_trace_opts, with_cookie, .cookie = 5);
	LIBBPF_OPTS(bpf_raw_tracepoint_opts, raw, .cookie = 4711);
	struct bpf_link *link, *opened;
	char path[256];

	link = bpf_program__attach_trace_opts(skel->progs.on_switch, &with_cookie);
	show(link != NULL);
	for (int i = 0; i < 300 && !skel->bss->hits; i++)
		usleep(100000);
	show(skel->bss->hits);
	show(bpf_link__destroy(link));

	link = bpf_program__attach_raw_tracepoint_opts(skel->progs.on_raw, "sched_switch", &raw);
	show(link != NULL);
	for (int i = 0; i < 300 && !skel->bss->cookies; i++)
		usleep(100000);
	show(skel->bss->cookies);
	snprintf(path, sizeof(path), "%s/link", folder);
	show(bpf_link__pin(link, path));
	fails(bpf_link__pin(link, path));
	printf("...%s\n", bpf_link__pin_path(link) + strlen(folder));
	bpf_link__disconnect(link);
	show(bpf_link__destroy(link));
	opened = bpf_link__open(path);
	show(opened != NULL);
	show(bpf_link__fd(opened) >= 0);
	show(bpf_link__update_program(opened, skel->progs.on_raw) != 0);
	show(bpf_link__unpin(opened));
	show(bpf_link__destroy(opened));
	fails(bpf_link__open(path));

	link = bpf_program__attach_sockmap(skel->progs.on_message, bpf_map__fd(skel->maps.sockets));
	show(link != NULL);
	show(bpf_link__destroy(link));
	fails(bpf_program__attach_sockmap(skel->progs.on_message, -1));
}

static void pins(struct rest *skel, const char *folder)
{
	char path[256];

	show(bpf_object__pin_programs(skel->obj, folder));
	snprintf(path, sizeof(path), "%s/simple", folder);
	show(access(path, F_OK));
	fails(bpf_object__pin_programs(skel->obj, folder));
	show(access(path, F_OK));
	show(bpf_object__unpin_programs(skel->obj, folder));
	fails(bpf_object__unpin_programs(skel->obj, folder));
	show(bpf_object__pin(skel->obj, folder));
	snprintf(path, sizeof(path), "%s/rest_bss", folder);
	show(access(path, F_OK));
	show(bpf_object__unpin(skel->obj, folder));
	show(access(path, F_OK) != 0);
	fails(bpf_object__unpin_maps(skel->obj, folder));
	fails(bpf_object__unpin_maps(NULL, folder));
}

static void lines(struct rest *skel)
{
	struct bpf_prog_info info = {};
	struct bpf_prog_linfo *linfo;
	const struct bpf_line_info *line, *same;
	int fd = bpf_program__fd(skel->progs.emit);
	__u32 size = sizeof(info), functions, count;

	show(bpf_prog_get_info_by_fd(fd, &info, &size));
	functions = info.nr_jited_ksyms;
	count = info.nr_line_info;
	show(functions);
	show(count > 5);
	show(count == info.nr_jited_line_info);
	__u64 *symbols = calloc(functions, 8), *addresses = calloc(count, 8);
	__u32 *lengths = calloc(functions, 4);
	struct bpf_line_info *records = calloc(count, sizeof(*records));

	memset(&info, 0, sizeof(info));
	info.nr_jited_ksyms = functions, info.jited_ksyms = (__u64)(unsigned long)symbols;
	info.nr_jited_func_lens = functions, info.jited_func_lens = (__u64)(unsigned long)lengths;
	info.nr_line_info = count, info.line_info = (__u64)(unsigned long)records;
	info.line_info_rec_size = sizeof(*records);
	info.nr_jited_line_info = count, info.jited_line_info = (__u64)(unsigned long)addresses;
	info.jited_line_info_rec_size = 8;
	size = sizeof(info);
	show(bpf_prog_get_info_by_fd(fd, &info, &size));
	linfo = bpf_prog_linfo__new(&info);
	show(linfo != NULL);
	line = bpf_prog_linfo__lfind(linfo, 0, 0);
	show(line && line->insn_off == 0);
	show(BPF_LINE_INFO_LINE_NUM(line->line_col) == BPF_LINE_INFO_LINE_NUM(records[0].line_col));
	line = bpf_prog_linfo__lfind(linfo, 100000, 0);
	show(line->insn_off == records[count - 1].insn_off);
	fails(bpf_prog_linfo__lfind(linfo, 0, count));
	line = bpf_prog_linfo__lfind_addr_func(linfo, symbols[1], 1, 0);
	same = bpf_prog_linfo__lfind_addr_func(linfo, symbols[1] + lengths[1] - 1, 1, 0);
	show(line != NULL && same >= line);
	show(line->insn_off > 5);
	fails(bpf_prog_linfo__lfind_addr_func(linfo, symbols[1] - 1, 1, 0));
	fails(bpf_prog_linfo__lfind_addr_func(linfo, symbols[0], functions, 0));
	bpf_prog_linfo__free(linfo);
	bpf_prog_linfo__free(NULL);
	info.nr_line_info = 0;
	fails(bpf_prog_linfo__new(&info));
	free(symbols), free(addresses), free(lengths), free(records);
}

int main(int count, char **arguments)
{
	struct rest *skel;
	struct btf *btf;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count < 2)
		return 1;
	libbpf_set_print(quiet);
	versions();
	btf = libbpf_find_kernel_btf();
	show(btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) > 0);
	btf__free(btf);
	skel = rest__open();
	before_load(skel);
	if (rest__load(skel)) {
		printf("load: %s\n", strerror(errno));
		return 1;
	}
	show(run(skel->progs.simple));
	fails(bpf_object__set_kversion(skel->obj, 1));
	fails(bpf_program__set_insns(skel->progs.simple, NULL, 0));
	fails(bpf_program__set_flags(skel->progs.simple, 0));
	fails(bpf_map__set_map_extra(skel->maps.filter, 1));
	rings(skel);
	links(skel, arguments[1]);
	pins(skel, arguments[1]);
	lines(skel);
	rest__destroy(skel);
	return 0;
}
