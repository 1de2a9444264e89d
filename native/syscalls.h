/*
 * System calls with typed arguments. Every function returns >= 0 or -errno and keeps no policy.
 * Nothing here knows Node.js.
 */
#ifndef WASM_BPF_SYSCALLS_H
#define WASM_BPF_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

int64_t sys_bpf(int cmd, void *attr, uint32_t size);
int64_t sys_perf_event_open(void *attr, int pid, int cpu, int group_fd, uint64_t flags);
int64_t sys_ioctl(int fd, uint64_t request, uint64_t argument);

/* Every descriptor that these give out is closed on exec. */
int64_t sys_open(const char *path, int flags, int mode);
int64_t sys_close(int fd);
int64_t sys_dup(int fd);
int64_t sys_epoll_create(void);
int64_t sys_eventfd(unsigned initial, int flags);

/* Timers that expire are read: their number, 8 bytes. */
int64_t sys_timerfd_create(int clock, int flags);
/* `value` and `old` are a struct itimerspec each; without a value the timer goes on as it is. */
int64_t sys_timerfd_set(int fd, int flags, const void *value, void *old);

/* The place where reading and writing go on: the new one. */
int64_t sys_seek(int fd, int64_t offset, int whence);
/* Waits for input; -EINTR when a caught signal is pending, also if it came before the call. */
int64_t sys_read(int fd, void *into, size_t size);
/* Never interrupted by a pending signal, so that output can still be flushed. */
int64_t sys_write(int fd, const void *from, size_t size);

/* The mapped address goes to *out. */
int64_t sys_mmap(void *wanted, size_t size, int prot, int flags, int fd, int64_t offset, void **out);
/* Replaces the pages of [at, at + size); when it fails, the old pages are still there. */
int64_t sys_mmap_over(void *at, size_t size, int prot, int flags, int fd, int64_t offset);
int64_t sys_munmap(void *at, size_t size);
size_t sys_page_size(void);

int64_t sys_epoll_ctl(int epfd, int op, int fd, uint32_t events, uint32_t data);
/* `pairs` gets { events, data } per ready descriptor. -EINTR as sys_read. */
int64_t sys_epoll_wait(int epfd, uint32_t *pairs, int max, int timeout_ms);

int64_t sys_get_rlimit(int resource, uint64_t *soft, uint64_t *hard);
int64_t sys_set_rlimit(int resource, uint64_t soft, uint64_t hard);
int64_t sys_if_name_to_index(const char *name);
/* Descriptor of a new socket, closed on exec. */
int64_t sys_socket(int family, int type, int protocol);
/* Two AF_UNIX sockets that are connected, closed on exec. */
int64_t sys_socket_pair(int type, int protocol, int ends[2]);
/* `address` is a whole sockaddr of the socket's family. */
int64_t sys_bind(int fd, const void *address, size_t size);
int64_t sys_pidfd_open(int pid);
int64_t sys_set_socket_option(int fd, int level, int name, const void *value, size_t size);
/* Never waits: -EINPROGRESS, -EAGAIN when the connection takes time. */
int64_t sys_connect(int fd, const void *address, size_t size);
int64_t sys_listen(int fd, int backlog);
/* Descriptor of a connection, closed on exec. -EAGAIN when none waits. */
int64_t sys_accept(int fd);
/* The socket's own address or its peer's; the whole length, of which at most `size` bytes are written. */
int64_t sys_socket_name(int fd, int peer, void *into, size_t size);
/* Neither waits: -EAGAIN when there is nothing to receive, or no room. Nor does sending raise SIGPIPE. */
int64_t sys_receive(int fd, void *into, size_t size, int flags, void *address, uint32_t *address_size);
int64_t sys_send(int fd, const void *from, size_t size, int flags, const void *address, uint32_t address_size);
int64_t sys_shutdown(int fd, int how);
/* Length of the value. */
int64_t sys_get_socket_option(int fd, int level, int name, void *value, size_t size);
/* Length of the name, which is written without a NUL. */
int64_t sys_if_index_to_name(unsigned index, void *into, size_t size);

/* sysname, nodename, release, version, machine, domainname: 65 bytes each. */
int64_t sys_uname(void *into, size_t size);
int64_t sys_clock_time(int id, uint64_t *ns);
/* struct sysinfo, without what pads it. */
int64_t sys_sysinfo(void *into, size_t size);

/* Reading end, writing end; closed on exec. */
int64_t sys_pipe(int ends[2]);
/*
 * Starts the program at `path` with the descriptors `fds` as its standard streams, no signal blocked or ignored.
 * The id of the process, which waits for sys_wait_process() when it has ended.
 */
int64_t sys_spawn(const char *path, char *const argv[], char *const envp[], const int fds[3]);
/* The id and the status of a child that has ended, 0 when it goes on. Never waits. */
int64_t sys_wait_process(int pid, int *status);
int64_t sys_kill(int pid, int signo);

/* Descriptor of a new mount of a file system without a device, attached to no directory. */
int64_t sys_mount_detached(const char *type);
/* 0, or -EINTR as sys_read. */
int64_t sys_sleep(uint64_t ns);

#endif
