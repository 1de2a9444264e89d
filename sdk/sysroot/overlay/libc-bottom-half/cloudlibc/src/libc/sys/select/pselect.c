/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <sys/select.h>

int pselect(int count, fd_set *restrict readable, fd_set *restrict writable,
	    fd_set *restrict exceptional, const struct timespec *restrict timeout,
	    const sigset_t *mask)
{
	struct pollfd polled[FD_SETSIZE];
	nfds_t used = 0;
	int ready = 0, found;

	if (count < 0 || count > FD_SETSIZE) {
		errno = EINVAL;
		return -1;
	}
	for (int fd = 0; fd < count; fd++) {
		short events = 0;

		if (readable && FD_ISSET(fd, readable))
			events |= POLLIN;
		if (writable && FD_ISSET(fd, writable))
			events |= POLLOUT;
		if (exceptional && FD_ISSET(fd, exceptional))
			events |= POLLPRI;
		if (events)
			polled[used++] = (struct pollfd){ fd, events, 0 };
	}
	found = ppoll(polled, used, timeout, mask);
	if (found < 0)
		return found;
	for (nfds_t i = 0; i < used; i++)
		if (polled[i].revents & POLLNVAL) {
			errno = EBADF;
			return -1;
		}
	if (readable)
		FD_ZERO(readable);
	if (writable)
		FD_ZERO(writable);
	if (exceptional)
		FD_ZERO(exceptional);
	for (nfds_t i = 0; i < used; i++) {
		const struct pollfd *p = &polled[i];

		if ((p->events & POLLIN) &&
		    (p->revents & (POLLIN | POLLHUP | POLLERR))) {
			FD_SET(p->fd, readable);
			ready++;
		}
		if ((p->events & POLLOUT) && (p->revents & (POLLOUT | POLLERR))) {
			FD_SET(p->fd, writable);
			ready++;
		}
		if ((p->events & POLLPRI) && (p->revents & POLLPRI)) {
			FD_SET(p->fd, exceptional);
			ready++;
		}
	}
	return ready;
}
