/* Locks, permissions, changes of files, and what a program asks about itself: the same natively and as a guest. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What a call gives, and the error when it failed. */
static long shown(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	return result;
}
#define SHOW(call) shown(#call, (long)(call))

/* ---- Locks ---- */

static struct flock part(short type, long start, long length)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static void record(const char *what, int fd, int command, short type, long start, long length)
{
	struct flock lock = part(type, start, length);
	long result = fcntl(fd, command, &lock);

	printf("%s %d: %s", what, command, result < 0 ? strerror(errno) : "good");
	if (!result && (command == F_GETLK || command == F_OFD_GETLK))
		printf(", %d %ld+%ld %d", lock.l_type, (long)lock.l_start, (long)lock.l_len, lock.l_pid > 0);
	printf("\n");
}

static void on_alarm(int signal)
{
}

/* What another program, which holds locks, leaves to this one. */
static void contend(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value = { 0, 20000 } };
	int fd = SHOW(open("locked", O_RDWR)), reader = open("locked", O_RDONLY);

	SHOW(flock(fd, LOCK_SH | LOCK_NB));
	SHOW(flock(fd, LOCK_EX | LOCK_NB));
	record("whole", fd, F_SETLK, F_WRLCK, 0, 0);
	record("held", fd, F_GETLK, F_WRLCK, 0, 0);
	record("held, asked of open files", fd, F_OFD_GETLK, F_WRLCK, 30, 0);
	record("free", fd, F_GETLK, F_WRLCK, 20, 5);
	record("free", fd, F_SETLK, F_WRLCK, 20, 5);
	record("free, to read", fd, F_SETLK, F_RDLCK, 10, 5);
	record("held, to write", fd, F_SETLK, F_WRLCK, 10, 5);
	record("open file", fd, F_OFD_SETLK, F_RDLCK, 0, 5);
	record("may only read", reader, F_SETLK, F_WRLCK, 20, 1);
	/* A signal ends the wait. */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	SHOW(flock(fd, LOCK_EX));
	setitimer(ITIMER_REAL, &soon, NULL);
	record("waiting", fd, F_SETLKW, F_WRLCK, 0, 5);
	setitimer(ITIMER_REAL, &soon, NULL);
	record("waiting", fd, F_OFD_SETLKW, F_WRLCK, 0, 5);
	/* Until the other is gone. */
	printf("ready\n");
	fflush(stdout);
	SHOW(flock(fd, LOCK_EX));
	record("whole", fd, F_SETLKW, F_WRLCK, 0, 0);
	record("whole, open file", reader, F_OFD_GETLK, F_RDLCK, 0, 0);
	close(fd);
	close(reader);
}

static void hold(void)
{
	char line[8];
	int fd = open("locked", O_RDWR | O_CREAT, 0644);

	SHOW(flock(fd, LOCK_EX));
	record("start", fd, F_SETLK, F_WRLCK, 0, 10);
	record("shared", fd, F_SETLK, F_RDLCK, 10, 5);
	record("end", fd, F_OFD_SETLK, F_WRLCK, 30, 0);
	printf("ready\n");
	fflush(stdout);
	fgets(line, sizeof(line), stdin);
}

static void locks(void)
{
	int fd = SHOW(open("own", O_RDWR | O_CREAT, 0644)), other = open("own", O_RDWR), copy = dup(fd), directory;

	SHOW(flock(fd, LOCK_EX));
	SHOW(flock(copy, LOCK_EX | LOCK_NB));
	SHOW(flock(other, LOCK_SH | LOCK_NB));
	SHOW(flock(fd, LOCK_SH));
	SHOW(flock(other, LOCK_SH | LOCK_NB));
	SHOW(flock(fd, LOCK_EX | LOCK_NB));
	close(other);
	SHOW(flock(fd, LOCK_EX | LOCK_NB));
	close(fd);
	other = open("own", O_RDWR);
	SHOW(flock(other, LOCK_EX | LOCK_NB));
	close(copy);
	SHOW(flock(other, LOCK_EX | LOCK_NB));
	SHOW(flock(other, LOCK_UN));
	SHOW(flock(other, 0));
	SHOW(flock(99, LOCK_EX));
	fd = open("own", O_RDWR);
	/* Those of a process are not in its own way, and go when it closes the file; those of an open file are. */
	record("one", fd, F_SETLK, F_WRLCK, 0, 0);
	record("other", other, F_SETLK, F_WRLCK, 0, 0);
	record("other, of the open file", other, F_OFD_SETLK, F_WRLCK, 0, 0);
	close(fd);
	record("other, of the open file", other, F_OFD_SETLK, F_WRLCK, 0, 0);
	record("wrong", other, F_SETLK, 7, 0, 0);
	record("wrong", other, F_SETLK, F_WRLCK, -1, 0);
	SHOW(fcntl(other, 4711, 0));
	SHOW(lockf(other, F_TLOCK, 0));
	SHOW(lockf(other, F_ULOCK, 0));
	directory = open(".", O_RDONLY | O_DIRECTORY);
	SHOW(flock(directory, LOCK_EX | LOCK_NB));
	close(directory);
	close(other);
	SHOW(system("exec 9>own; flock -n 9 && echo free"));
	fd = open("own", O_RDWR);
	SHOW(flock(fd, LOCK_EX));
	fflush(stdout);
	SHOW(WEXITSTATUS(system("exec 9>own; flock -n 9 || exit 3")));
	close(fd);
}

/* ---- Permissions and unnamed files ---- */

static void permissions(void)
{
	char name[64], text[16] = "";
	struct stat stat;
	int fd, directory;

	SHOW(umask(022));
	close(creat("plain", 0644));
	close(creat("program", 0755));
	close(creat("kept", 0400));
	symlink("absent", "dangling");
	mkdir("directory", 0500);
	SHOW(access("plain", F_OK));
	SHOW(access("plain", R_OK | W_OK));
	SHOW(access("plain", X_OK));
	SHOW(access("program", X_OK));
	SHOW(access("kept", R_OK));
	SHOW(access("kept", W_OK));
	SHOW(access("kept/", F_OK));
	SHOW(access("directory", W_OK | X_OK));
	SHOW(access("directory/", R_OK));
	SHOW(access("dangling", F_OK));
	SHOW(access("", F_OK));
	SHOW(access("plain", 8));
	SHOW(euidaccess("kept", W_OK));
	SHOW(faccessat(AT_FDCWD, "plain", W_OK, AT_EACCESS));
	SHOW(access("/usr/bin/env", X_OK));
	SHOW(access("/dev/null", R_OK | W_OK));
	SHOW(access("/no/such", W_OK));

	fd = SHOW(open("directory", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640));
	SHOW(fcntl(fd, F_GETFD));
	fstat(fd, &stat);
	printf("%o %d\n", stat.st_mode, (int)stat.st_nlink);
	SHOW(write(fd, "unnamed", 7));
	SHOW(pread(fd, text, 7, 0));
	puts(text);
	close(fd);
	SHOW(open("directory", O_TMPFILE | O_RDONLY, 0640));
	SHOW(open("plain", O_TMPFILE | O_RDWR, 0640));
	SHOW(open("absent", O_TMPFILE | O_RDWR, 0640));
	directory = open("directory", O_RDONLY | O_DIRECTORY);
	snprintf(name, sizeof(name), "in");
	SHOW(close(openat(directory, ".", O_TMPFILE | O_WRONLY, 0600)));
	SHOW(faccessat(directory, name, F_OK, 0));
	close(directory);
}

/* ---- Parts of files, pipes, copies ---- */

static void parts(void)
{
	char one[4] = "abc", two[5] = "defg", text[32] = "";
	struct iovec both[] = { { one, 3 }, { two, 4 } };
	int fd = open("parts", O_RDWR | O_CREAT | O_TRUNC, 0644), to = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644), ends[2];
	off_t place = 2, other = 1;

	SHOW(writev(fd, both, 2));
	SHOW(pwritev(fd, both, 2, 5));
	SHOW(pread(fd, text, sizeof(text), 0));
	puts(text);
	SHOW(preadv(fd, both, 2, 3));
	printf("%.3s %.4s\n", one, two);
	SHOW(lseek(fd, 1, SEEK_SET));
	SHOW(sendfile(to, fd, NULL, 4));
	SHOW(sendfile(to, fd, &place, 100));
	printf("%ld %ld\n", (long)place, (long)lseek(fd, 0, SEEK_CUR));
	SHOW(copy_file_range(fd, &other, to, NULL, 3, 0));
	SHOW(copy_file_range(fd, NULL, to, &other, 100, 0));
	printf("%ld %ld %ld\n", (long)other, (long)lseek(fd, 0, SEEK_CUR), (long)lseek(to, 0, SEEK_CUR));
	memset(text, 0, sizeof(text));
	SHOW(pread(to, text, sizeof(text), 0));
	puts(text);
	SHOW(sendfile(to, 99, NULL, 4));
	pipe2(ends, O_NONBLOCK);
	SHOW(fcntl(ends[0], F_GETPIPE_SZ));
	SHOW(fcntl(ends[1], F_SETPIPE_SZ, 5000));
	SHOW(fcntl(ends[0], F_GETPIPE_SZ));
	SHOW(fcntl(fd, F_GETPIPE_SZ));
	SHOW(sendfile(ends[1], fd, &(off_t){ 0 }, 5));
	memset(text, 0, sizeof(text));
	SHOW(read(ends[0], text, sizeof(text)));
	puts(text);
	close(fd);
	close(to);
	close(ends[0]);
	close(ends[1]);
}

/* ---- Changes of files ---- */

static void told(int fd)
{
	char events[1024] __attribute__((aligned(8)));
	ssize_t size = read(fd, events, sizeof(events));

	if (size < 0)
		printf("%s\n", strerror(errno));
	for (char *at = events; size > 0 && at < events + size;) {
		struct inotify_event *event = (struct inotify_event *)at;

		printf("%d %x %u %s\n", event->wd, event->mask, event->len, event->len ? event->name : "");
		at += sizeof(*event) + event->len;
	}
}

static void watched(void)
{
	int fd = inotify_init1(IN_NONBLOCK), watch;

	watch = SHOW(inotify_add_watch(fd, ".", IN_CREATE));
	SHOW(inotify_rm_watch(fd, watch));
	SHOW(inotify_rm_watch(fd, watch));
	told(fd);
	close(fd);
}

static void changes(void)
{
	int fd = SHOW(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), file;
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	mkdir("watched", 0755);
	symlink("watched", "link");
	printf("%d %o\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
	told(fd);
	SHOW(inotify_add_watch(fd, "watched", IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVE | IN_DELETE_SELF));
	SHOW(inotify_add_watch(fd, "link", IN_ATTRIB | IN_MASK_ADD));
	SHOW(inotify_add_watch(fd, "link", IN_ATTRIB | IN_DONT_FOLLOW | IN_ONLYDIR));
	SHOW(inotify_add_watch(fd, "absent", IN_MODIFY));
	SHOW(inotify_add_watch(fd, "watched", 0));
	SHOW(inotify_add_watch(99, "watched", IN_MODIFY));
	SHOW(inotify_add_watch(0, "watched", IN_MODIFY));
	SHOW(poll(&wanted, 1, 0));
	file = open("watched/file", O_WRONLY | O_CREAT, 0644);
	write(file, "x", 1);
	close(file);
	SHOW(poll(&wanted, 1, 60000));
	told(fd);
	told(fd);
	rename("watched/file", "watched/renamed");
	unlink("watched/renamed");
	told(fd);
	SHOW(write(fd, "x", 1));
	SHOW(read(fd, &(char){ 0 }, 1));
	rmdir("watched");
	told(fd);
	close(fd);
	watched();
}

/* ---- The program and the machine ---- */

static void itself(void)
{
	char name[17] = "", text[64] = "";
	struct statfs system;
	struct statvfs more;
	cpu_set_t all, one;
	FILE *file;

	SHOW(prctl(PR_SET_NAME, "a name that is too long"));
	SHOW(prctl(PR_GET_NAME, name));
	puts(name);
	file = fopen("/proc/self/comm", "r");
	if (file)
		printf("%s", fgets(text, sizeof(text), file));
	SHOW(prctl(4711, 0, 0, 0, 0));
	SHOW(sched_getaffinity(0, sizeof(all), &all));
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	SHOW(sched_setaffinity(getpid(), sizeof(one), &one));
	SHOW(sched_getcpu());
	memset(&one, 0xff, sizeof(one));
	SHOW(sched_getaffinity(0, sizeof(one), &one));
	SHOW(CPU_COUNT(&one));
	SHOW(sched_setaffinity(0, sizeof(all), &all));
	CPU_ZERO(&one);
	SHOW(sched_setaffinity(0, sizeof(one), &one));
	SHOW(sched_getaffinity(0, 1, &one));
	SHOW(statfs("/proc", &system));
	printf("%lx %ld\n", (unsigned long)system.f_type, (long)system.f_namelen);
	SHOW(statfs("/sys/fs/cgroup", &system));
	printf("%lx\n", (unsigned long)system.f_type);
	SHOW(statfs("/no/such", &system));
	SHOW(statvfs(".", &more));
	printf("%lu %d\n", more.f_bsize, more.f_blocks > 0);
	SHOW(fstatfs(open(".", O_RDONLY), &system));
	SHOW(fstatfs(99, &system));
	printf("%d %d\n", sysconf(_SC_OPEN_MAX) > 0, sysconf(_SC_PHYS_PAGES) == get_phys_pages());
	SHOW(daemon(1, 1));
	fflush(stdout);
	/* What is printed from now on goes nowhere. */
	SHOW(daemon(0, 0));
	fflush(stdout);
	exit(access("/dev/null", F_OK));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = {
		{ "contend", contend }, { "hold", hold }, { "locks", locks }, { "permissions", permissions },
		{ "parts", parts }, { "watched", watched }, { "changes", changes },
		{ "itself", itself },
	};

	for (int i = 1; i < argc; i++)
		for (size_t j = 0; j < sizeof(cases) / sizeof(*cases); j++)
			if (!strcmp(argv[i], cases[j].name))
				cases[j].run();
	return 0;
}
