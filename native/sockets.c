#define _GNU_SOURCE
#include "syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int64_t sys_socket(int family, int type, int protocol)
{
	return answer(syscall(SYS_socket, family, type | SOCK_CLOEXEC, protocol));
}

int64_t sys_socket_pair(int type, int protocol, void *into, size_t size)
{
	int ends[2] = { -1, -1 };
	int64_t result;

	if (size < sizeof ends)
		return -EINVAL;
	result = answer(syscall(SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC, protocol, ends));
	memcpy(into, ends, sizeof ends);
	return result;
}

int64_t sys_bind(int fd, const void *address, size_t size)
{
	return answer(syscall(SYS_bind, fd, address, size));
}

int64_t sys_connect(int fd, const void *address, size_t size)
{
	int flags = fcntl(fd, F_GETFL);
	int64_t result;

	if (flags < 0)
		return -errno;
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	result = answer(syscall(SYS_connect, fd, address, size));
	fcntl(fd, F_SETFL, flags);
	return result;
}

int64_t sys_listen(int fd, int backlog)
{
	return answer(syscall(SYS_listen, fd, backlog));
}

int64_t sys_accept(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };

	if (poll(&ready, 1, 0) == 0)
		return -EAGAIN;
	return answer(syscall(SYS_accept4, fd, NULL, NULL, SOCK_CLOEXEC));
}

int64_t sys_socket_name(int fd, int peer, void *into, size_t size)
{
	struct sockaddr_storage address;
	unsigned length = sizeof address;
	int64_t result = answer(syscall(peer ? SYS_getpeername : SYS_getsockname, fd, &address, &length));

	if (result < 0)
		return result;
	memcpy(into, &address, length < size ? length : size);
	return length;
}

int64_t sys_receive(int fd, void *into, size_t size, int flags, void *address, size_t address_size)
{
	uint32_t length;
	int64_t result;

	if (address_size < sizeof length)
		return -EINVAL;
	length = (uint32_t)(address_size - sizeof length);
	result = answer(syscall(SYS_recvfrom, fd, into, size, flags | MSG_DONTWAIT, (char *)address + sizeof length, &length));
	memcpy(address, &length, sizeof length);
	return result;
}

int64_t sys_send(int fd, const void *from, size_t size, int flags, const void *address, size_t address_size)
{
	return answer(syscall(SYS_sendto, fd, from, size, flags | MSG_DONTWAIT | MSG_NOSIGNAL,
			      address_size ? address : NULL, (uint32_t)address_size));
}

int64_t sys_shutdown(int fd, int how)
{
	return answer(syscall(SYS_shutdown, fd, how));
}

int64_t sys_set_socket_option(int fd, int level, int name, const void *value, size_t size)
{
	return answer(syscall(SYS_setsockopt, fd, level, name, value, size));
}

int64_t sys_get_socket_option(int fd, int level, int name, void *value, size_t size)
{
	unsigned length = size > UINT16_MAX ? UINT16_MAX : (unsigned)size;
	int64_t result = answer(syscall(SYS_getsockopt, fd, level, name, value, &length));

	return result < 0 ? result : (int64_t)length;
}
