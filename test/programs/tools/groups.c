/* A control group: links, attachment without a link, queries, replacement. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"
#include "groups.skel.h"

static int count(int group, enum bpf_attach_type type)
{
	__u32 ids[8], flags = 0, n = 8;

	return bpf_prog_query(group, type, 0, &flags, ids, &n) ? -errno : (int)n;
}

int main(int argc, char **argv)
{
	struct groups_bpf *skel;
	int err, group;

	common_init();
	group = open(argc > 1 ? argv[1] : "", O_RDONLY | O_DIRECTORY);
	if (group < 0)
		return failed("open the group", errno);
	skel = groups_bpf__open_and_load();
	if (!skel)
		return failed("open and load", errno);
	skel->links.on_bind = bpf_program__attach_cgroup(skel->progs.on_bind, group);
	if (!skel->links.on_bind) {
		err = failed("attach", -errno);
		goto cleanup;
	}
	err = bpf_prog_attach(bpf_program__fd(skel->progs.on_egress), group, BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI);
	printf("%d, %d %d\n", err, count(group, BPF_CGROUP_INET4_BIND), count(group, BPF_CGROUP_INET_EGRESS));
	err = bpf_link__update_program(skel->links.on_bind, skel->progs.on_bind);
	printf("updated: %d\n", err);
	ready();
	while (!ended)
		pause();
	printf("%d allowed, %d denied\n", skel->bss->allowed, skel->bss->denied);
	err = bpf_prog_detach2(bpf_program__fd(skel->progs.on_egress), group, BPF_CGROUP_INET_EGRESS);
	printf("%d %d\n", err, count(group, BPF_CGROUP_INET_EGRESS));
	err = bpf_link__detach(skel->links.on_bind);
	printf("%d %d\n", err, count(group, BPF_CGROUP_INET4_BIND));

cleanup:
	groups_bpf__destroy(skel);
	close(group);
	return err != 0;
}
