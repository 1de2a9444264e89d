#define _GNU_SOURCE
#include "syscalls.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull
#define PERF_FLAG_FD_CLOEXEC_BIT 8ul

static int64_t answer(int64_t result)
{
	return result < 0 ? -errno : result;
}

int64_t sys_bpf(int cmd, void *attr, uint32_t size)
{
	/* The verifier gives up with EAGAIN when a signal interrupts it; libbpf tries five times, too. */
	int64_t result;
	int tries = 5;

	do {
		result = answer(syscall(SYS_bpf, cmd, attr, size));
	} while (result == -EAGAIN && cmd == 5 /* BPF_PROG_LOAD */ && --tries > 0);
	return result;
}

int64_t sys_perf_event_open(void *attr, int pid, int cpu, int group_fd, uint64_t flags)
{
	return answer(syscall(SYS_perf_event_open, attr, pid, cpu, group_fd, flags | PERF_FLAG_FD_CLOEXEC_BIT));
}

int64_t sys_ioctl(int fd, uint64_t request, uint64_t argument)
{
	return answer(syscall(SYS_ioctl, fd, request, argument));
}

int64_t sys_open(const char *path, int flags, int mode)
{
	return answer(open(path, flags | O_CLOEXEC, mode));
}

int64_t sys_close(int fd)
{
	return answer(close(fd));
}

int64_t sys_dup(int fd)
{
	return answer(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

int64_t sys_epoll_create(void)
{
	return answer(epoll_create1(EPOLL_CLOEXEC));
}

int64_t sys_eventfd(unsigned initial, int flags)
{
	return answer(eventfd(initial, flags | EFD_CLOEXEC));
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/*
 * Waits until `fd` (-1: none) has one of `events`, the deadline passes, or a caught signal is pending.
 * 1: ready, 0: deadline, -EINTR: signal. UINT64_MAX waits for ever.
 */
static int64_t wait_for(int fd, short events, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd fds[2] = { { fd, events, 0 }, { signals_wake_fd(), POLLIN, 0 } };
		struct timespec left, *timeout = NULL;
		int ready;

		if (signals_pending())
			return -EINTR;
		if (deadline_ns != UINT64_MAX) {
			uint64_t now = now_ns();
			uint64_t ns = deadline_ns > now ? deadline_ns - now : 0;

			left.tv_sec = (time_t)(ns / NS_PER_S);
			left.tv_nsec = (long)(ns % NS_PER_S);
			timeout = &left;
		}
		ready = ppoll(fds, 2, timeout, NULL);
		if (ready < 0 && errno != EINTR)
			return -errno;
		/* A signal that nobody here caught (SIGCHLD, SIGWINCH) does not end the wait. */
		if (ready < 0)
			continue;
		if (fds[1].revents) {
			signals_settle();
			continue;
		}
		return fds[0].revents != 0;
	}
}

int64_t sys_read(int fd, void *into, size_t size)
{
	for (;;) {
		int64_t result = wait_for(fd, POLLIN, UINT64_MAX);

		if (result < 0)
			return result;
		result = answer(read(fd, into, size));
		if (result != -EINTR)
			return result;
	}
}

int64_t sys_timerfd_create(int clock, int flags)
{
	return answer(syscall(SYS_timerfd_create, clock, flags | O_CLOEXEC));
}

int64_t sys_timerfd_set(int fd, int flags, const void *value, void *old)
{
	if (!value)
		return answer(syscall(SYS_timerfd_gettime, fd, old));
	return answer(syscall(SYS_timerfd_settime, fd, flags, value, old));
}

int64_t sys_seek(int fd, int64_t offset, int whence)
{
	return answer(lseek(fd, offset, whence));
}

int64_t sys_write(int fd, const void *from, size_t size)
{
	int64_t result;

	do {
		result = answer(write(fd, from, size));
	} while (result == -EINTR);
	return result;
}

int64_t sys_mmap(void *wanted, size_t size, int prot, int flags, int fd, int64_t offset, void **out)
{
	/* SAFETY: without MAP_FIXED the address is a wish that never replaces what is mapped already. */
	void *at = mmap(wanted, size, prot, flags & ~MAP_FIXED, fd, offset);

	if (at == MAP_FAILED)
		return -errno;
	*out = at;
	return 0;
}

int64_t sys_mmap_over(void *at, size_t size, int prot, int flags, int fd, int64_t offset)
{
	/*
	 * mmap(MAP_FIXED) may drop the old pages and then fail, which would leave a hole in the guest's memory.
	 * Mapping elsewhere and moving the result fails before anything is lost.
	 */
	void *fresh = NULL;
	int64_t result = sys_mmap(NULL, size, prot, flags, fd, offset, &fresh);

	if (result < 0)
		return result;
	if (mremap(fresh, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) {
		result = -errno;
		munmap(fresh, size);
	}
	return result;
}

int64_t sys_munmap(void *at, size_t size)
{
	return answer(munmap(at, size));
}

size_t sys_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int64_t sys_epoll_ctl(int epfd, int op, int fd, uint32_t events, uint32_t data)
{
	struct epoll_event event = { .events = events, .data = { .u32 = data } };

	return answer(epoll_ctl(epfd, op, fd, &event));
}

int64_t sys_epoll_wait(int epfd, uint32_t *pairs, int max, int timeout_ms)
{
	struct epoll_event events[64];
	int64_t count;

	if (signals_pending())
		return -EINTR;
	if (max > 64)
		max = 64;
	/* While events stream in, one system call is enough. */
	count = answer(epoll_wait(epfd, events, max, 0));
	if (count == 0 && timeout_ms != 0) {
		uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : now_ns() + (uint64_t)timeout_ms * 1000000u;

		count = wait_for(epfd, POLLIN, deadline);
		if (count <= 0)
			return count;
		count = answer(epoll_wait(epfd, events, max, 0));
	}
	for (int64_t i = 0; i < count; i++) {
		pairs[2 * i] = events[i].events;
		pairs[2 * i + 1] = events[i].data.u32;
	}
	return count;
}

int64_t sys_get_rlimit(int resource, uint64_t *soft, uint64_t *hard)
{
	struct rlimit limit;
	int64_t result = answer(getrlimit(resource, &limit));

	*soft = result < 0 ? 0 : limit.rlim_cur;
	*hard = result < 0 ? 0 : limit.rlim_max;
	return result;
}

int64_t sys_set_rlimit(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit = { soft, hard };

	return answer(setrlimit(resource, &limit));
}

int64_t sys_socket(int family, int type, int protocol)
{
	return answer(syscall(SYS_socket, family, type | SOCK_CLOEXEC, protocol));
}

int64_t sys_socket_pair(int type, int protocol, int ends[2])
{
	return answer(syscall(SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC, protocol, ends));
}

int64_t sys_bind(int fd, const void *address, size_t size)
{
	return answer(syscall(SYS_bind, fd, address, size));
}

int64_t sys_pidfd_open(int pid)
{
	/* Descriptors of processes are always closed on exec. */
	return answer(syscall(SYS_pidfd_open, pid, 0));
}

int64_t sys_set_socket_option(int fd, int level, int name, const void *value, size_t size)
{
	return answer(syscall(SYS_setsockopt, fd, level, name, value, size));
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

int64_t sys_receive(int fd, void *into, size_t size, int flags, void *address, uint32_t *address_size)
{
	return answer(syscall(SYS_recvfrom, fd, into, size, flags | MSG_DONTWAIT, address, address_size));
}

int64_t sys_send(int fd, const void *from, size_t size, int flags, const void *address, uint32_t address_size)
{
	return answer(syscall(SYS_sendto, fd, from, size, flags | MSG_DONTWAIT | MSG_NOSIGNAL, address, address_size));
}

int64_t sys_shutdown(int fd, int how)
{
	return answer(syscall(SYS_shutdown, fd, how));
}

int64_t sys_get_socket_option(int fd, int level, int name, void *value, size_t size)
{
	unsigned length = size > UINT16_MAX ? UINT16_MAX : (unsigned)size;
	int64_t result = answer(syscall(SYS_getsockopt, fd, level, name, value, &length));

	return result < 0 ? result : (int64_t)length;
}

int64_t sys_if_index_to_name(unsigned index, void *into, size_t size)
{
	char name[IF_NAMESIZE];
	size_t length;

	if (!if_indextoname(index, name))
		return -errno;
	length = strlen(name);
	memcpy(into, name, length < size ? length : size);
	return (int64_t)length;
}

int64_t sys_uname(void *into, size_t size)
{
	struct utsname names;
	int64_t result = answer(uname(&names));

	if (result >= 0)
		memcpy(into, &names, sizeof names < size ? sizeof names : size);
	return result;
}

int64_t sys_clock_time(int id, uint64_t *ns)
{
	struct timespec now = { 0, 0 };
	int64_t result = answer(clock_gettime(id, &now));

	*ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	return result;
}

int64_t sys_sysinfo(void *into, size_t size)
{
	struct sysinfo info;
	int64_t result;

	memset(&info, 0, sizeof info);
	result = answer(syscall(SYS_sysinfo, &info));
	if (result >= 0)
		memcpy(into, &info, sizeof info < size ? sizeof info : size);
	return result;
}

int64_t sys_pipe(int ends[2])
{
	return answer(pipe2(ends, O_CLOEXEC));
}

/* glibc has it since 2.34; elsewhere a program inherits what this process inherited. */
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
	__attribute__((weak));

int64_t sys_spawn(const char *path, char *const argv[], char *const envp[], const int fds[3])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int copies[3] = { -1, -1, -1 }, error = 0;
	pid_t pid = -1;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	/* Copies above the standard streams, which may be given in any order. */
	for (int i = 0; i < 3 && !error; i++) {
		copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		error = copies[i] < 0 ? errno : posix_spawn_file_actions_adddup2(&actions, copies[i], i);
	}
	if (!error && posix_spawn_file_actions_addclosefrom_np)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	if (!error)
		error = posix_spawn(&pid, path, &actions, &attributes, argv, envp);
	for (int i = 0; i < 3; i++) {
		if (copies[i] >= 0)
			close(copies[i]);
	}
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error ? -error : pid;
}

int64_t sys_wait_process(int pid, int *status)
{
	return answer(waitpid(pid, status, WNOHANG));
}

int64_t sys_kill(int pid, int signo)
{
	return answer(kill(pid, signo));
}

int64_t sys_mount_detached(const char *type)
{
	/* The numbers are the same on every architecture; older C library headers lack them. */
	enum { FSOPEN = 430, FSCONFIG = 431, FSMOUNT = 432, CLOEXEC = 1, CREATE = 6 };
	int64_t fs = answer(syscall(FSOPEN, type, CLOEXEC)), result;

	if (fs < 0)
		return fs;
	result = answer(syscall(FSCONFIG, (int)fs, CREATE, NULL, NULL, 0));
	if (result >= 0)
		result = answer(syscall(FSMOUNT, (int)fs, CLOEXEC, 0));
	close((int)fs);
	return result;
}

int64_t sys_if_name_to_index(const char *name)
{
	unsigned index = if_nametoindex(name);

	return index == 0 ? -errno : (int64_t)index;
}

int64_t sys_sleep(uint64_t ns)
{
	uint64_t now = now_ns();

	return wait_for(-1, 0, ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + ns);
}
