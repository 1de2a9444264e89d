#define _GNU_SOURCE
#include "syscalls.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define PERF_ATTR_SIZE_VER0 64
#define PERF_FLAG_FD_CLOEXEC_BIT 8ul

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

int64_t sys_perf_event_open(void *attr, size_t size, int pid, int cpu, int group_fd, uint32_t flags)
{
	uint32_t claimed;

	/* perf_event_attr.size tells the kernel how much to read. */
	if (size < PERF_ATTR_SIZE_VER0)
		return -EINVAL;
	memcpy(&claimed, (char *)attr + 4, sizeof claimed);
	if (claimed > size)
		return -EINVAL;
	return answer(syscall(SYS_perf_event_open, attr, pid, cpu, group_fd, flags | PERF_FLAG_FD_CLOEXEC_BIT));
}

int64_t sys_ioctl(int fd, uint32_t request, uint64_t argument)
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

int64_t sys_fcntl(int fd, int command, int argument)
{
	return answer(fcntl(fd, command, argument));
}

int64_t sys_lock_record(int fd, int command, void *lock, size_t size)
{
	if (size != sizeof(struct flock))
		return -EINVAL;
	return answer(fcntl(fd, command, lock));
}

int64_t sys_flock(int fd, int operation)
{
	return answer(flock(fd, operation));
}

int64_t sys_inotify(int flags)
{
	return answer(inotify_init1(flags | IN_CLOEXEC));
}

int64_t sys_inotify_add(int fd, const char *path, uint32_t mask)
{
	return answer(inotify_add_watch(fd, path, mask));
}

int64_t sys_inotify_remove(int fd, int watch)
{
	return answer(inotify_rm_watch(fd, watch));
}

int64_t sys_get_affinity(void *into, size_t size)
{
	return answer(syscall(SYS_sched_getaffinity, 0, size, into));
}

int64_t sys_set_affinity(const void *from, size_t size)
{
	return answer(syscall(SYS_sched_setaffinity, 0, size, from));
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

int64_t sys_get_rlimit(int resource, void *into, size_t size)
{
	struct rlimit limit = { 0, 0 };
	uint64_t pair[2];
	int64_t result;

	if (size < sizeof pair)
		return -EINVAL;
	result = answer(getrlimit(resource, &limit));
	pair[0] = limit.rlim_cur;
	pair[1] = limit.rlim_max;
	memcpy(into, pair, sizeof pair);
	return result;
}

int64_t sys_set_rlimit(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit = { soft, hard };

	return answer(setrlimit(resource, &limit));
}

int64_t sys_if_name_to_index(const char *name)
{
	unsigned index = if_nametoindex(name);

	return index == 0 ? -errno : (int64_t)index;
}

int64_t sys_if_index_to_name(uint32_t index, void *into, size_t size)
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

int64_t sys_stack_address(void)
{
	return (int64_t)(uintptr_t)__builtin_frame_address(0);
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

int64_t sys_clock_time(int id, void *into, size_t size)
{
	struct timespec now = { 0, 0 };
	uint64_t ns;
	int64_t result;

	if (size < sizeof ns)
		return -EINVAL;
	result = answer(clock_gettime(id, &now));
	ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	memcpy(into, &ns, sizeof ns);
	return result;
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
