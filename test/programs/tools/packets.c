/* Packets of the loopback interface of a network namespace: tc, XDP, a socket filter, test runs. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"
#include "packets.skel.h"

static int send_packets(int filter)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(4242) };
	int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);
	char data[64] = "words";
	ssize_t size = 0;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (from < 0 || to < 0)
		return failed("make sockets", -errno);
	if (bind(to, (void *)&address, sizeof(address)))
		return failed("bind", -errno);
	if (setsockopt(to, SOL_SOCKET, SO_ATTACH_BPF, &filter, sizeof(filter)))
		return failed("attach the filter", -errno);
	if (connect(from, (void *)&address, sizeof(address)))
		return failed("connect", -errno);
	for (int i = 0; i < 3; i++) {
		if (write(from, data, 10) != 10)
			return failed("send", -errno);
		size += read(to, data, sizeof(data));
	}
	printf("%zd bytes received\n", size);
	close(from);
	close(to);
	return 0;
}

static int test_run(int program)
{
	char packet[64] = { [12] = 8 }, out[64];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 4);
	int err = bpf_prog_test_run_opts(program, &opts);

	printf("run: %d, result %u, %u bytes\n", err, opts.retval, opts.data_size_out);
	return err;
}

int main(void)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1);
	LIBBPF_OPTS(bpf_tc_opts, query, .handle = 1, .priority = 1);
	LIBBPF_OPTS(bpf_xdp_query_opts, xdp);
	int err, interface = if_nametoindex("lo");
	struct packets_bpf *skel;
	char name[IF_NAMESIZE];

	common_init();
	printf("%d %s\n", interface, if_indextoname(interface, name) ? name : strerror(errno));
	hook.ifindex = interface;
	skel = packets_bpf__open_and_load();
	if (!skel)
		return failed("open and load", errno);
	err = test_run(bpf_program__fd(skel->progs.on_frame));
	printf("%d frames\n", skel->bss->frames);
	skel->bss->frames = 0;
	err = err ?: bpf_tc_hook_create(&hook);
	printf("hook: %d, again: %d\n", err, bpf_tc_hook_create(&hook));
	opts.prog_fd = bpf_program__fd(skel->progs.on_ingress);
	err = bpf_tc_attach(&hook, &opts);
	printf("attached: %d, handle %u, priority %u\n", err, opts.handle, opts.priority);
	err = bpf_tc_query(&hook, &query);
	printf("query: %d, %s\n", err, query.prog_id == opts.prog_id ? "the same" : "another");
	err = bpf_xdp_attach(interface, bpf_program__fd(skel->progs.on_frame), XDP_FLAGS_SKB_MODE, NULL);
	printf("xdp: %d, %d\n", err, bpf_xdp_query(interface, XDP_FLAGS_SKB_MODE, &xdp));
	printf("mode %u, %s\n", xdp.attach_mode, xdp.prog_id ? "a program" : "no program");
	err = send_packets(bpf_program__fd(skel->progs.on_socket));
	printf("%d ingress, %d frames, %d bytes, %d filtered\n", skel->bss->ingress, skel->bss->frames, skel->bss->bytes,
	       skel->bss->filtered);
	printf("detached: %d", bpf_xdp_detach(interface, XDP_FLAGS_SKB_MODE, NULL));
	opts.flags = opts.prog_fd = opts.prog_id = 0;
	printf(" %d", bpf_tc_detach(&hook, &opts));
	printf(" %d\n", bpf_tc_query(&hook, &query));
	bpf_tc_hook_destroy(&hook);
	packets_bpf__destroy(skel);
	return err != 0;
}
