/* What a program does with sockets, on the loopback interface: the same natively and as a guest. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in local(int fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);

	if (bind(fd, (struct sockaddr *)&address, size) || getsockname(fd, (struct sockaddr *)&address, &size))
		perror("bind");
	return address;
}

static const char *outcome(long result)
{
	return result < 0 ? strerror(errno) : "ok";
}

static void datagrams(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in to = local(a), own = local(b), from;
	struct pollfd ready = { .fd = a, .events = POLLIN };
	socklen_t size = sizeof(from);
	char text[16] = "";
	long count;

	printf("%s\n", outcome(recv(a, text, sizeof(text), MSG_DONTWAIT)));
	printf("%ld\n", (long)sendto(b, "hello, world", 12, 0, (struct sockaddr *)&to, sizeof(to)));
	count = poll(&ready, 1, 30000);
	printf("poll %ld %d\n", count, ready.revents);
	count = recvfrom(a, text, 5, MSG_PEEK | MSG_TRUNC, NULL, NULL);
	printf("%ld %.5s\n", count, text);
	count = recvfrom(a, text, sizeof(text), 0, (struct sockaddr *)&from, &size);
	printf("%ld %.12s %u %d\n", count, text, size, from.sin_port == own.sin_port);
	printf("%s\n", outcome(send(b, "x", 1, 0)));
	printf("%s\n", outcome(sendto(b, "x", 1, 0, (struct sockaddr *)&to, 3)));
	printf("%s\n", outcome(connect(b, (struct sockaddr *)&to, sizeof(to))));
	printf("%ld\n", (long)send(b, "more", 4, 0));
	printf("%ld\n", (long)recv(a, text, sizeof(text), 0));
	struct timeval soon = { 0, 1000 };
	printf("%s\n", outcome(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon))));
	printf("%s\n", outcome(read(a, text, sizeof(text))));
	close(a);
	close(b);
}

static void stream(void)
{
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), connection;
	struct sockaddr_in address = local(server), peer;
	socklen_t size = sizeof(peer);
	char text[16];
	long count;
	int on = 0;

	printf("%s\n", outcome(connect(client, (struct sockaddr *)&address, sizeof(address))));
	close(client);
	client = socket(AF_INET, SOCK_STREAM, 0);
	printf("%s\n", outcome(listen(server, 4)));
	printf("%s\n", outcome(connect(client, (struct sockaddr *)&address, sizeof(address))));
	connection = accept(server, (struct sockaddr *)&peer, &size);
	printf("%s %u %x\n", outcome(connection), size, ntohl(peer.sin_addr.s_addr));
	printf("%ld\n", (long)write(client, "over and out", 12));
	count = read(connection, text, 4);
	printf("%ld %.4s\n", count, text);
	printf("%s\n", outcome(shutdown(client, SHUT_WR)));
	printf("%ld\n", (long)recv(connection, text, sizeof(text), MSG_WAITALL));
	printf("%ld\n", (long)read(connection, text, sizeof(text)));
	size = sizeof(on);
	count = getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &on, &size);
	printf("%s %u %d\n", outcome(count), size, on);
	close(connection);
	close(client);
	close(server);
}

/* Asks the kernel for the loopback interface. */
static void netlink(void)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = { sizeof(request), RTM_GETLINK, NLM_F_REQUEST, 7, 0 },
		.link = { .ifi_family = AF_UNSPEC, .ifi_index = 1 },
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK }, from;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	socklen_t size = sizeof(from);
	static char answer[65536];
	struct nlmsghdr *header = (struct nlmsghdr *)answer;
	long count;

	printf("%s\n", outcome(sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&kernel, sizeof(kernel))));
	count = recvfrom(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, &size);
	printf("%s %u %u %d %u\n", outcome(count), size, from.nl_pid, header->nlmsg_type, header->nlmsg_seq);
	struct rtattr *attribute = IFLA_RTA((struct ifinfomsg *)NLMSG_DATA(header));
	long left = (long)IFLA_PAYLOAD(header);
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == IFLA_IFNAME)
			printf("%s\n", (char *)RTA_DATA(attribute));
	close(fd);
}

int main(void)
{
	char byte;

	datagrams();
	stream();
	netlink();
	printf("%s\n", outcome(socket(AF_INET, 99, 0)));
	printf("%s\n", outcome(recvfrom(77, &byte, 1, 0, NULL, NULL)));
	printf("%s\n", outcome(sendto(open("/", O_RDONLY), &byte, 1, 0, NULL, 0)));
	return 0;
}
