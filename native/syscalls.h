/*
 * System calls with typed arguments. Every function returns >= 0 or -errno and keeps no policy; one that writes to
 * the caller's memory gets its size and answers -EINVAL when that is too small. Nothing here knows Node.js.
 */
#ifndef WASM_BPF_SYSCALLS_H
#define WASM_BPF_SYSCALLS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S 1000000000ull

static inline int64_t answer(int64_t result)
{
	return result < 0 ? -errno : result;
}

/* syscalls.c. Every descriptor that any function gives out is closed on exec. */

int64_t sys_bpf(int cmd, void *attr, uint32_t size);
/* `attr` is a whole struct perf_event_attr. */
int64_t sys_perf_event_open(void *attr, size_t size, int pid, int cpu, int group_fd, uint32_t flags);
int64_t sys_ioctl(int fd, uint32_t request, uint64_t argument);
int64_t sys_open(const char *path, int flags, int mode);
int64_t sys_close(int fd);
int64_t sys_dup(int fd);
/* Of commands that take a number. */
int64_t sys_fcntl(int fd, int command, int argument);
/* F_SETLK and its likes, with a struct flock. */
int64_t sys_lock_record(int fd, int command, void *lock, size_t size);
int64_t sys_flock(int fd, int operation);
int64_t sys_inotify(int flags);
int64_t sys_inotify_add(int fd, const char *path, uint32_t mask);
int64_t sys_inotify_remove(int fd, int watch);
/* CPUs that the calling thread may run on, a bit each: bytes. */
int64_t sys_get_affinity(void *into, size_t size);
int64_t sys_set_affinity(const void *from, size_t size);
/* The place where reading and writing go on: the new one. */
int64_t sys_seek(int fd, int64_t offset, int whence);
/* Never interrupted by a pending signal, so that output can still be flushed. */
int64_t sys_write(int fd, const void *from, size_t size);
/* Soft and hard limit: 16 bytes. */
int64_t sys_get_rlimit(int resource, void *into, size_t size);
int64_t sys_set_rlimit(int resource, uint64_t soft, uint64_t hard);
int64_t sys_if_name_to_index(const char *name);
/* Length of the name, which is written without a NUL. */
int64_t sys_if_index_to_name(uint32_t index, void *into, size_t size);
/* sysname, nodename, release, version, machine, domainname: 65 bytes each. */
int64_t sys_uname(void *into, size_t size);
/* struct sysinfo, as much as fits. */
int64_t sys_sysinfo(void *into, size_t size);
/* Where the stack of this thread is: it grows downwards. */
int64_t sys_stack_address(void);
/* Nanoseconds: 8 bytes. */
int64_t sys_clock_time(int id, void *into, size_t size);
/* Descriptor of a new mount of a file system without a device, attached to no directory. */
int64_t sys_mount_detached(const char *type);

/* waiting.c. A caught signal ends a wait with -EINTR, also one that was pending before the call. */

int64_t sys_read(int fd, void *into, size_t size);
int64_t sys_sleep(uint64_t ns);
int64_t sys_eventfd(uint32_t initial, int flags);
/* Timers that expire are read: their number, 8 bytes. */
int64_t sys_timerfd_create(int clock, int flags);
/* `value` and `old` are a struct itimerspec each, 32 bytes; without a value the timer goes on as it is. */
int64_t sys_timerfd_set(int fd, int flags, const void *value, size_t size, void *old, size_t old_size);
int64_t sys_epoll_create(void);
int64_t sys_epoll_ctl(int epfd, int op, int fd, uint32_t events, uint32_t data);
/* `into` gets { events, data }, u32 each, per ready descriptor. */
int64_t sys_epoll_wait(int epfd, void *into, size_t size, int max, int timeout_ms);

/* memory.c */

/* The mapped address goes to *out. */
int64_t sys_mmap(void *wanted, size_t size, int prot, int flags, int fd, int64_t offset, void **out);
/*
 * Replaces whole pages, [start, start + size) of the `total` bytes at `base`, by pages that can be read and written;
 * when it fails, the old pages are still there.
 */
int64_t sys_mmap_fixed(void *base, size_t total, int64_t start, int64_t size, int prot, int flags, int fd,
		       int64_t offset);
int64_t sys_munmap(void *at, size_t size);
size_t sys_page_size(void);

/* sockets.c. Nothing here waits: -EAGAIN when there is nothing to receive or accept, or no room to send. */

int64_t sys_socket(int family, int type, int protocol);
/* Two AF_UNIX sockets that are connected: 8 bytes. */
int64_t sys_socket_pair(int type, int protocol, void *into, size_t size);
/* `address` is a whole sockaddr of the socket's family. */
int64_t sys_bind(int fd, const void *address, size_t size);
/* -EINPROGRESS, -EAGAIN when the connection takes time. */
int64_t sys_connect(int fd, const void *address, size_t size);
int64_t sys_listen(int fd, int backlog);
/* Descriptor of a connection. */
int64_t sys_accept(int fd);
/* The socket's own address or its peer's; the whole length, of which at most `size` bytes are written. */
int64_t sys_socket_name(int fd, int peer, void *into, size_t size);
/* The sender's address goes to `address`, behind its length in 4 bytes. */
int64_t sys_receive(int fd, void *into, size_t size, int flags, void *address, size_t address_size);
/* `address` has no bytes for a connected socket. Sending raises no SIGPIPE. */
int64_t sys_send(int fd, const void *from, size_t size, int flags, const void *address, size_t address_size);
int64_t sys_shutdown(int fd, int how);
int64_t sys_set_socket_option(int fd, int level, int name, const void *value, size_t size);
/* Length of the value. */
int64_t sys_get_socket_option(int fd, int level, int name, void *value, size_t size);

/* processes.c */

/* Reading end, writing end: 8 bytes. */
int64_t sys_pipe(void *into, size_t size);
/*
 * Starts the program at `path`, no signal blocked or ignored. Arguments and environment are strings that end with NUL
 * each; `descriptors` are an int for each number from 0 on, -1 for one that is not open. `directory` is where it works,
 * -1: where this process does. With an `event`, -1 otherwise, the process begins at once and the program when the event
 * does; one that is not 1, and a program that cannot be executed then, ends the process with 127.
 *
 * The id of the process, which waits for sys_wait_process() when it has ended.
 */
int64_t sys_spawn(const char *path, void *arguments, size_t arguments_size, void *environment, size_t environment_size,
		  const void *descriptors, size_t descriptors_size, int directory, int event);
/* A process that does nothing but end with this status, with an event as above: when that comes. */
int64_t sys_spawn_ended(int status, int event);
/* The id and, in 4 bytes, the status of a child that has ended, 0 when it goes on. Never waits. */
int64_t sys_wait_process(int pid, void *into, size_t size);
int64_t sys_kill(int pid, int signo);
int64_t sys_pidfd_open(int pid);

#endif
