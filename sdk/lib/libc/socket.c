/* SPDX-License-Identifier: MIT */
/* Sockets, with the host's --allow-net; reading and writing is WASI's. */
#define _GNU_SOURCE
#include "internal.h"
#include "signals.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wasi/api.h>

long __wasm_bpf_SYS_socket(long family, long type, long protocol, long d, long e, long f)
{
	return wb_net_socket((int)family, (int)type, (int)protocol);
}

long __wasm_bpf_SYS_bind(long fd, long address, long size, long d, long e, long f)
{
	return wb_net_bind((int)fd, (uint32_t)address, (uint32_t)size);
}

long __wasm_bpf_SYS_connect(long fd, long address, long size, long d, long e, long f)
{
	int result = wb_net_connect((int)fd, (uint32_t)address, (uint32_t)size);

	/* NB: not made again: it goes on by itself. */
	if (result == -EINTR)
		wb_run_signal_handlers();
	return result;
}

long __wasm_bpf_SYS_listen(long fd, long backlog, long c, long d, long e, long f)
{
	return wb_net_listen((int)fd, (int)backlog);
}

static long name(long fd, int which, long address, long size_at)
{
	socklen_t *size = (socklen_t *)size_at;
	int result = wb_net_name((int)fd, which, (uint32_t)address, *size);

	if (result < 0)
		return result;
	*size = (socklen_t)result;
	return 0;
}

long __wasm_bpf_SYS_getsockname(long fd, long address, long size, long d, long e, long f)
{
	return name(fd, 0, address, size);
}

long __wasm_bpf_SYS_getpeername(long fd, long address, long size, long d, long e, long f)
{
	return name(fd, 1, address, size);
}

long __wasm_bpf_SYS_setsockopt(long fd, long level, long option, long value, long size, long f)
{
	return wb_net_option((int)fd, (int)level, (int)option, (uint32_t)value, (uint32_t)size);
}

long __wasm_bpf_SYS_getsockopt(long fd, long level, long option, long value, long size_at, long f)
{
	socklen_t *size = (socklen_t *)size_at;
	int result = wb_net_get_option((int)fd, (int)level, (int)option, (uint32_t)value, *size);

	if (result < 0)
		return result;
	*size = (socklen_t)result;
	return 0;
}

long __wasm_bpf_SYS_sendto(long fd, long data, long size, long flags, long address, long length)
{
	int result;

	do
		result = wb_net_send((int)fd, (uint32_t)data, (uint32_t)size, (int)flags,
				     (uint32_t)address, (uint32_t)length);
	while (result == -EINTR && wb_signals_let_restart());
	return result;
}

long __wasm_bpf_SYS_recvfrom(long fd, long data, long size, long flags, long address, long size_at)
{
	socklen_t *length = (socklen_t *)size_at;
	int result;

	do
		result = wb_net_receive((int)fd, (uint32_t)data, (uint32_t)size, (int)flags,
					(uint32_t)address, address ? *length : 0,
					address ? (uint32_t)size_at : 0);
	while (result == -EINTR && wb_signals_let_restart());
	return result;
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
	__wasi_fd_t connection;
	__wasi_errno_t error;

	do
		error = __wasi_sock_accept(fd, flags & SOCK_NONBLOCK ? __WASI_FDFLAGS_NONBLOCK : 0,
					   &connection);
	while (error == EINTR && wb_signals_let_restart());
	if (!error && address && name(connection, 1, (long)address, (long)size) < 0)
		*size = 0; /* gone already */
	if (!error) {
		if (flags & SOCK_CLOEXEC)
			wb_fd_flags(connection, FD_CLOEXEC);
		return connection;
	}
	errno = error;
	return -1;
}

int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict size)
{
	return accept4(fd, address, size, 0);
}

/* In place of WASI's, which know few flags. */
ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
	return recvfrom(fd, buffer, size, flags, NULL, NULL);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	return sendto(fd, data, size, flags, NULL, 0);
}

long __wasm_bpf_SYS_sendmsg(long fd, long message_at, long flags, long d, long e, long f)
{
	const struct msghdr *message = (const struct msghdr *)message_at;
	ssize_t sent;

	if (message->msg_name || message->msg_controllen || flags)
		return -ENOSYS;
	sent = writev((int)fd, message->msg_iov, (int)message->msg_iovlen);
	return sent < 0 ? -errno : sent;
}

long __wasm_bpf_SYS_recvmsg(long fd, long message_at, long flags, long d, long e, long f)
{
	struct msghdr *message = (struct msghdr *)message_at;
	ssize_t received;

	if (flags)
		return -ENOSYS;
	received = readv((int)fd, message->msg_iov, (int)message->msg_iovlen);
	if (received < 0)
		return -errno;
	message->msg_namelen = 0;
	message->msg_controllen = 0;
	message->msg_flags = 0;
	return received;
}
