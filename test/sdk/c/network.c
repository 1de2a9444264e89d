/*
 * Attaches to the loopback interface of its network namespace, and to the
 * control group that its argument names. Who attaches is another program, so
 * packets are run through the programs by hand.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "answers.h"
#include "network.skel.h"

#define LOOPBACK 1

static void xdp(struct network *skel)
{
	int first = bpf_program__fd(skel->progs.on_frame), second = bpf_program__fd(skel->progs.on_frame_too);
	LIBBPF_OPTS(bpf_xdp_attach_opts, replacing, .old_prog_fd = second);
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_link *link;
	__u32 id = 7;

	show(bpf_xdp_query_id(LOOPBACK, 0, &id));
	show(id);
	show(bpf_xdp_attach(LOOPBACK, first, XDP_FLAGS_SKB_MODE, NULL));
	show(bpf_xdp_query(LOOPBACK, 0, &query));
	show(query.prog_id != 0);
	show(query.prog_id == query.skb_prog_id);
	show(query.attach_mode == XDP_ATTACHED_SKB);
	show(bpf_xdp_query_id(LOOPBACK, XDP_FLAGS_SKB_MODE, &id) ?: id == query.prog_id);
	fails(bpf_xdp_query(LOOPBACK, XDP_FLAGS_SKB_MODE | XDP_FLAGS_DRV_MODE, &query));
	fails(bpf_xdp_attach(LOOPBACK, second, XDP_FLAGS_SKB_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL));
	fails(bpf_xdp_attach(LOOPBACK, second, XDP_FLAGS_SKB_MODE, &replacing));
	replacing.old_prog_fd = first;
	show(bpf_xdp_attach(LOOPBACK, second, XDP_FLAGS_SKB_MODE, &replacing));
	show(bpf_xdp_detach(LOOPBACK, XDP_FLAGS_SKB_MODE, NULL));
	show(bpf_xdp_query_id(LOOPBACK, 0, &id));
	show(id);
	fails(bpf_xdp_attach(9999, first, XDP_FLAGS_SKB_MODE, NULL));

	link = bpf_program__attach_xdp(skel->progs.on_frame, LOOPBACK);
	show(link != NULL);
	fails(bpf_program__attach_xdp(skel->progs.on_frame_too, LOOPBACK));
	show(bpf_link__update_program(link, skel->progs.on_frame_too));
	fails(bpf_link__update_program(link, skel->progs.on_egress));
	show(bpf_xdp_query_id(LOOPBACK, 0, &id) ?: id != 0);
	show(bpf_link__detach(link));
	show(bpf_xdp_query_id(LOOPBACK, 0, &id) ?: id);
	show(bpf_link__destroy(link));
	fails(bpf_program__attach_xdp(skel->progs.on_frame, 9999));
}

static void tc(struct network *skel)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1, .prog_fd = bpf_program__fd(skel->progs.on_packet));
	LIBBPF_OPTS(bpf_tc_opts, query, .handle = 1, .priority = 1);

	fails(bpf_tc_attach(&hook, &opts));
	show(bpf_tc_hook_create(&hook));
	fails(bpf_tc_hook_create(&hook));
	show(bpf_tc_attach(&hook, &opts));
	show(opts.prog_id != 0);
	fails(bpf_tc_attach(&hook, &opts));
	opts.prog_id = 0;
	fails(bpf_tc_attach(&hook, &opts));
	opts.flags = BPF_TC_F_REPLACE;
	show(bpf_tc_attach(&hook, &opts));
	show(bpf_tc_query(&hook, &query));
	show(query.prog_id == opts.prog_id);
	fails(bpf_tc_query(&hook, &opts));
	fails(bpf_tc_detach(&hook, &opts));
	query.prog_id = 0;
	show(bpf_tc_detach(&hook, &query));
	fails(bpf_tc_query(&hook, &query));
	opts = (struct bpf_tc_opts){ .sz = sizeof(opts), .prog_fd = bpf_program__fd(skel->progs.on_packet) };
	show(bpf_tc_attach(&hook, &opts));
	show(opts.handle != 0 && opts.priority != 0);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	show(bpf_tc_hook_destroy(&hook));
	hook.attach_point = BPF_TC_CUSTOM;
	fails(bpf_tc_hook_destroy(&hook));
	fails(bpf_tc_hook_create(NULL));
	hook.ifindex = 0;
	fails(bpf_tc_hook_create(&hook));
}

static void cgroup(struct network *skel, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	struct bpf_link *link, *second;

	show(fd >= 0);
	link = bpf_program__attach_cgroup(skel->progs.on_egress, fd);
	second = bpf_program__attach_cgroup(skel->progs.on_egress_too, fd);
	show(link != NULL && second != NULL);
	show(bpf_link__fd(link) >= 0);
	show(bpf_link__destroy(second));
	show(bpf_link__update_program(link, skel->progs.on_egress_too));
	show(bpf_link__destroy(link));
	fails(bpf_program__attach_cgroup(skel->progs.on_egress, -1));
	fails(bpf_program__attach_cgroup(skel->progs.on_frame, fd));
	close(fd);
}

static void namespace(struct network *skel)
{
	int fd = open("/proc/self/ns/net", O_RDONLY);
	struct bpf_link *link;

	show(fd >= 0);
	link = bpf_program__attach_netns(skel->progs.on_lookup, fd);
	show(link != NULL);
	show(bpf_link__destroy(link));
	fails(bpf_program__attach_netns(skel->progs.on_lookup, -1));
	close(fd);
}

int main(int count, char **arguments)
{
	struct network *skel;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(quiet);
	skel = count > 1 ? network__open_and_load() : NULL;
	if (!skel)
		return 1;
	xdp(skel);
	tc(skel);
	cgroup(skel, arguments[1]);
	namespace(skel);
	show(network__attach(skel));
	network__destroy(skel);
	return 0;
}
