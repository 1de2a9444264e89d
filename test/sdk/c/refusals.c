/* What libbpf prints when it refuses to attach, and what it returns. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "refusals.skel.h"

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG)
		return 0;
	printf("  %d ", level);
	return vprintf(format, arguments);
}

#define refused(expression) \
	do { \
		printf("%s\n", #expression); \
		errno = 0; \
		long long result = (long long)(expression); \
		printf("  = %lld, %s\n", result, strerror(errno)); \
	} while (0)

static void attach(struct refusals *skel)
{
	LIBBPF_OPTS(bpf_uprobe_opts, no_function, .func_name = "no_such_function");
	LIBBPF_OPTS(bpf_kprobe_multi_opts, both, .retprobe = true, .session = true);
	LIBBPF_OPTS(bpf_kprobe_multi_opts, unique, .unique_match = true);
	LIBBPF_OPTS(bpf_uprobe_multi_opts, nothing);
	LIBBPF_OPTS(bpf_tcx_opts, two_places, .relative_fd = 1, .relative_id = 1);
	LIBBPF_OPTS(bpf_netfilter_opts, bad_hook, .pf = 2, .hooknum = 77);
	LIBBPF_OPTS(bpf_cgroup_opts, two_relatives, .relative_fd = 1, .relative_id = 1);
	LIBBPF_OPTS(bpf_perf_event_opts, newer);

	refused(bpf_program__attach(skel->progs.raw));
	refused(bpf_program__attach(skel->progs.group));
	refused(bpf_program__attach(skel->progs.unloaded));
	refused(bpf_program__attach_raw_tracepoint(skel->progs.raw, "no_such_event"));
	refused(bpf_program__attach_raw_tracepoint(skel->progs.unloaded, "sched_switch"));
	refused(bpf_program__attach_kprobe_multi_opts(skel->progs.many, "no_such_function", &both));
	refused(bpf_program__attach_kprobe_multi_opts(skel->progs.many, NULL, NULL));
	refused(bpf_program__attach_kprobe_multi_opts(skel->progs.many, NULL, &unique));
	refused(bpf_program__attach_uprobe(skel->progs.user, false, -1, "/nonexistent", 0));
	refused(bpf_program__attach_uprobe(skel->progs.user, false, -1, "no_such_program", 0));
	refused(bpf_program__attach_uprobe(skel->progs.user, false, -1, NULL, 0));
	refused(bpf_program__attach_uprobe_opts(skel->progs.user, -1, "/bin/true", 0, &no_function));
	refused(bpf_program__attach_uprobe_opts(skel->progs.user, -1, "/etc/passwd", 0, &no_function));
	refused(bpf_program__attach_uprobe_multi(skel->progs.users, -1, "/bin/true", NULL, &nothing));
	refused(bpf_program__attach_uprobe_multi(skel->progs.users, -1, "/bin/true", "no_such_*", NULL));
	refused(bpf_program__attach_uprobe_multi(skel->progs.users, -1, "no_such_program", "x", NULL));
	refused(bpf_program__attach_usdt(skel->progs.user, -1, "/nonexistent", "a", "b", NULL));
	refused(bpf_program__attach_usdt(skel->progs.user, -1, NULL, "a", "b", NULL));
	refused(bpf_program__attach_perf_event(skel->progs.sample, -1));
	refused(bpf_program__attach_perf_event(skel->progs.sample, 1000));
	refused(bpf_program__attach_perf_event(skel->progs.unloaded, 0));
	newer.sz = 1;
	refused(bpf_program__attach_perf_event_opts(skel->progs.sample, 1, &newer));
	refused(bpf_program__attach_cgroup(skel->progs.group, 1000));
	refused(bpf_program__attach_cgroup(skel->progs.unloaded, 1000));
	refused(bpf_program__attach_cgroup_opts(skel->progs.group, 1000, &two_relatives));
	refused(bpf_program__attach_xdp(skel->progs.frame, 99999));
	refused(bpf_program__attach_tcx(skel->progs.packet, 0, NULL));
	refused(bpf_program__attach_tcx(skel->progs.packet, 1, &two_places));
	refused(bpf_program__attach_tcx(skel->progs.packet, 99999, NULL));
	refused(bpf_program__attach_netkit(skel->progs.packet, 0, NULL));
	refused(bpf_program__attach_netns(skel->progs.lookup, 1000));
	refused(bpf_program__attach_netfilter(skel->progs.filter, &bad_hook));
	refused(bpf_program__attach_netfilter(skel->progs.unloaded, NULL));
	refused(bpf_program__attach_iter(skel->progs.raw, NULL));
	refused(bpf_program__attach_freplace(skel->progs.raw, 0, "x"));
	refused(bpf_program__attach_freplace(skel->progs.raw, 0, NULL));
	refused(bpf_program__attach_lsm(skel->progs.unloaded));
	refused(bpf_program__attach_trace(skel->progs.unloaded));
	refused(bpf_map__attach_struct_ops(skel->maps.values));
}

static void elsewhere(struct refusals *skel)
{
	int key = 0;

	refused(bpf_object__load(skel->obj));
	refused(bpf_object__prepare(skel->obj));
	refused(bpf_map__lookup_elem(skel->maps.values, &key, 1, &key, 4, 0));
	refused(bpf_map__lookup_elem(skel->maps.values, &key, 4, &key, 8, 0));
	refused(bpf_map__pin(skel->maps.values, NULL));
	refused(bpf_map__unpin(skel->maps.values, NULL));
	refused(bpf_map__pin(NULL, NULL));
	refused(bpf_map__unpin(NULL, NULL));
	refused(bpf_map__pin(skel->maps.values, "/nonexistent/directory/values"));
	refused(bpf_program__pin(skel->progs.unloaded, "/sys/fs/bpf/unloaded"));
	refused(bpf_program__unpin(skel->progs.unloaded, "/sys/fs/bpf/unloaded"));
	refused(bpf_program__pin(skel->progs.raw, "/tmp/raw"));
	refused(bpf_link__open("/sys/fs/bpf/no_such_link"));
	refused(bpf_map__set_inner_map_fd(skel->maps.values, 1));
	refused(libbpf_find_vmlinux_btf_id("no_such_function", BPF_TRACE_FENTRY));
}

/* Headers that were made of another object. */
static void skeletons(struct refusals *skel)
{
	struct bpf_object_skeleton *s = skel->skeleton;
	const char *map_name = s->maps[0].name, *prog_name = s->progs[0].name;

	bpf_object__close(skel->obj);
	skel->obj = NULL;
	s->maps[0].name = "no_such_map";
	refused(bpf_object__open_skeleton(s, NULL));
	bpf_object__close(skel->obj);
	s->maps[0].name = map_name;
	s->progs[0].name = "no_such_program";
	refused(bpf_object__open_skeleton(s, NULL));
	bpf_object__close(skel->obj);
	s->progs[0].name = prog_name;
	s->data_sz = 10;
	refused(bpf_object__open_skeleton(s, NULL));
	skel->obj = NULL;
	refusals__destroy(skel);
}

int main(void)
{
	struct refusals *skel;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	skel = refusals__open();
	if (!skel)
		return 1;
	refused(bpf_object__pin(skel->obj, "/sys/fs/bpf/nowhere"));
	if (refusals__load(skel))
		return 1;
	attach(skel);
	elsewhere(skel);
	skeletons(skel);
	return 0;
}
