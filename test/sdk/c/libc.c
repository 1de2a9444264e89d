/* What a program does with files, descriptors, programs and time: the same natively and as a guest. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#ifndef __wasm__
#include <sys/xattr.h>
#endif
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

extern char **environ;

/* Shows what a call gives, and the error when it failed. */
static long shown(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	return result;
}
#define SHOW(call) shown(#call, (long)(call))

static void show_mode(const char *path)
{
	struct stat stat;

	if (lstat(path, &stat) < 0)
		printf("%s: %s\n", path, strerror(errno));
	else
		printf("%s: %o %lld %lu\n", path, stat.st_mode,
		       S_ISREG(stat.st_mode) ? (long long)stat.st_size : 0LL, (unsigned long)stat.st_nlink);
}

/* Below it the starting program may have left something open. */
enum { NEVER_OPEN = 1 << 20 };

/* ---- Files ---- */

static void list(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	printf("%s:", path);
	for (int i = 0; i < count; i++) {
		printf(" %s/%d", entries[i]->d_name, entries[i]->d_type);
		free(entries[i]);
	}
	printf(" (%d)\n", count);
	free(entries);
}

static void files(void)
{
	char text[32] = "";
	int fd, other;

	SHOW(umask(027));
	fd = SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
	SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
	SHOW(write(fd, "hello, world", 12));
	SHOW(lseek(fd, -5, SEEK_END));
	SHOW(read(fd, text, sizeof(text)));
	SHOW(pwrite(fd, "HELLO", 5, 0));
	SHOW(pread(fd, text, 12, 0));
	printf("%s\n", text);
	SHOW(ftruncate(fd, 5));
	show_mode("a");
	SHOW(fchmod(fd, 0604));
	show_mode("a");
	SHOW(chmod("a", 01751));
	show_mode("a");
	close(fd);

	SHOW(umask(0));
	other = SHOW(open("b", O_WRONLY | O_CREAT, 0222));
	SHOW(read(other, text, 1));
	close(other);
	show_mode("b");
	close(SHOW(creat("c", 0444)));
	show_mode("c");
	close(SHOW(open("c", O_RDONLY | O_CREAT, 0777)));
	show_mode("c");
	SHOW(mkdir("d", 01777));
	show_mode("d");
	SHOW(mkdir("d", 0700));
	SHOW(mkdir("/", 0700));
	SHOW(mkdir("/usr/", 0700));
	SHOW(umask(0077));
	SHOW(mkdirat(AT_FDCWD, "e/", 0777));
	show_mode("e");
	SHOW(umask(022));

	fd = SHOW(open("d", O_RDONLY | O_DIRECTORY));
	SHOW(openat(fd, "in", O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
	show_mode("d/in");
	SHOW(mkdirat(fd, "sub", 0750));
	show_mode("d/sub");
	SHOW(open("d", O_RDWR));
	SHOW(open("absent", O_RDONLY));
	SHOW(open("a/b", O_RDONLY));
	SHOW(symlinkat("in", fd, "link"));
	SHOW(readlinkat(fd, "link", text, sizeof(text)));
	SHOW(openat(fd, "link", O_RDONLY | O_NOFOLLOW));
	SHOW(link("a", "d/hard"));
	show_mode("a");
	SHOW(rename("d/hard", "f"));
	SHOW(access("f", R_OK));
	SHOW(access("f", X_OK));
	SHOW(chmod("f", 0644));
	SHOW(access("f", X_OK));
	SHOW(access("f", R_OK | W_OK | X_OK));
	SHOW(access("d", X_OK));
	SHOW(access("d", 8));
	SHOW(access("absent", X_OK));
	SHOW(faccessat(fd, "hard", F_OK, 0));
	list("d");
	SHOW(rmdir("d"));
	SHOW(unlinkat(fd, "sub", AT_REMOVEDIR));
	close(fd);

	fd = SHOW(open("log", O_WRONLY | O_CREAT | O_APPEND, 0600));
	other = SHOW(open("log", O_RDWR));
	SHOW(write(fd, "one", 3));
	SHOW(write(other, "TWO", 3));
	SHOW(write(fd, "three", 5));
	printf("%d %d\n", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), fcntl(other, F_GETFL) & O_ACCMODE);
	show_mode("log");
	/* No longer at the end, and then there again. */
	SHOW(fcntl(fd, F_SETFL, 0));
	printf("%d\n", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
	SHOW(pwrite(fd, "ONE", 3, 0));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(write(fd, "1", 1));
	SHOW(fcntl(fd, F_SETFL, O_APPEND));
	SHOW(fcntl(other, F_SETFL, O_APPEND));
	SHOW(write(other, "four", 4));
	SHOW(write(fd, "five", 4));
	SHOW(pread(other, text, sizeof(text), 0));
	printf("%.*s\n", 16, text);
	close(fd);
	close(other);
}

/* Files and directories in one that has a default ACL. */
static void listed(void)
{
	SHOW(umask(022));
	close(SHOW(open("made", O_WRONLY | O_CREAT | O_EXCL, 0666)));
	show_mode("made");
	SHOW(mkdir("directory", 0777));
	show_mode("directory");
}

#ifndef __wasm__
/* The owner all, the group to read and execute, others nothing. */
static void default_acl(void)
{
	const struct {
		uint32_t version;
		struct {
			uint16_t tag, rights;
			uint32_t id;
		} entries[3];
	} acl = { 2, { { 1, 7, UINT32_MAX }, { 4, 5, UINT32_MAX }, { 32, 0, UINT32_MAX } } };

	if (setxattr(".", "system.posix_acl_default", &acl, sizeof(acl), 0) < 0)
		exit(1);
}
#endif

static void temporary(void)
{
	char one[] = "oneXXXXXX", two[] = "twoXXXXXX", directory[] = "dirXXXXXX", text[8] = "";
	int fd = mkstemp(one);
	struct stat stat;
	FILE *file;

	fstat(fd, &stat);
	printf("mkstemp %d %o %d\n", fd >= 0, stat.st_mode, fcntl(fd, F_GETFD));
	close(fd);
	fd = mkostemp(two, O_CLOEXEC | O_APPEND);
	printf("mkostemp %d %d %d\n", fd >= 0, fcntl(fd, F_GETFD), !!(fcntl(fd, F_GETFL) & O_APPEND));
	close(fd);
	printf("mkdtemp %d\n", mkdtemp(directory) == directory);
	lstat(directory, &stat);
	printf("%o\n", stat.st_mode);
	file = tmpfile();
	if (!file)
		return;
	fprintf(file, "text");
	rewind(file);
	printf("tmpfile %s\n", fgets(text, sizeof(text), file));
	fstat(fileno(file), &stat);
	printf("%o %lu\n", stat.st_mode & S_IFMT, (unsigned long)stat.st_nlink);
	fclose(file);
}

/* Of files that the environment names. */
static void absolute(void)
{
	char text[64] = "";
	FILE *file = fopen(getenv("INPUT"), "re");

	if (file)
		printf("%s", fgets(text, sizeof(text), file));
	SHOW(open(getenv("NEW"), O_CREAT | O_WRONLY, 0644));
	SHOW(mkdir(getenv("NEW"), 0755));
	SHOW(open("/dev/null", O_RDWR) >= 0);
}

/* ---- Numbers ---- */

static void numbers(void)
{
	int fd = SHOW(open("a", O_RDONLY)), copy = SHOW(dup(fd));
	struct rlimit limit;
	char text[4] = "";

	/* One place in the file for all. */
	SHOW(read(fd, text, 2));
	SHOW(read(copy, text, 2));
	printf("%s\n", text);
	SHOW(dup2(fd, 20));
	SHOW(dup2(fd, fd));
	SHOW(dup3(fd, fd, 0));
	SHOW(dup3(fd, 21, O_CLOEXEC));
	SHOW(fcntl(fd, F_DUPFD, 20));
	SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 20));
	SHOW(fcntl(20, F_GETFD));
	SHOW(fcntl(21, F_GETFD));
	SHOW(fcntl(21, F_SETFD, 0));
	SHOW(fcntl(21, F_GETFD));
	SHOW(fcntl(fd, F_DUPFD, -1));
	SHOW(dup(NEVER_OPEN));
	SHOW(dup2(NEVER_OPEN, 5));
	SHOW(dup2(fd, -1));
	getrlimit(RLIMIT_NOFILE, &limit);
	SHOW(dup2(fd, (int)limit.rlim_cur));
	SHOW(fcntl(fd, F_DUPFD, (int)limit.rlim_cur));
	SHOW(close(fd));
	SHOW(read(20, text, 1));
	SHOW(read(fd, text, 1));
	SHOW(open("a", O_RDONLY));
	for (int i = 3; i < 30; i++)
		close(i);
	SHOW(close(20));
}

/* ---- Waiting for one and for many ---- */

static void polled(const char *what, int fd, int events)
{
	struct pollfd one = { .fd = fd, .events = (short)events };
	int count = poll(&one, 1, 0);

	printf("%s: %d %x\n", what, count, (unsigned)one.revents);
}

static void pipes(void)
{
	static char much[100000];
	int ends[2];
	char text[8] = "";
	int unread = 0;

	SHOW(pipe(ends));
	printf("%d %d\n", ends[0], ends[1]);
	printf("%d %d\n", fcntl(ends[0], F_GETFL), fcntl(ends[1], F_GETFL));
	SHOW(lseek(ends[0], 0, SEEK_CUR));
	SHOW(write(ends[0], "x", 1));
	SHOW(read(ends[1], text, 1));
	polled("empty", ends[0], POLLIN);
	polled("to write", ends[1], POLLIN | POLLOUT);
	SHOW(write(ends[1], "some text", 9));
	polled("filled", ends[0], POLLIN | POLLRDNORM | POLLPRI);
	SHOW(ioctl(ends[0], FIONREAD, &unread));
	printf("%d\n", unread);
	SHOW(read(ends[0], text, 4));
	SHOW(close(ends[1]));
	polled("closed with text", ends[0], POLLIN);
	SHOW(read(ends[0], text, 8));
	polled("closed", ends[0], POLLIN);
	polled("closed, nothing asked", ends[0], 0);
	SHOW(read(ends[0], text, 8));
	close(ends[0]);

	SHOW(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
	printf("%d %d\n", fcntl(ends[0], F_GETFD), !!(fcntl(ends[1], F_GETFL) & O_NONBLOCK));
	SHOW(read(ends[0], text, 1));
	SHOW(write(ends[1], much, sizeof(much)));
	SHOW(write(ends[1], much, 1));
	polled("full", ends[1], POLLOUT);
	SHOW(read(ends[0], much, sizeof(much)));
	SHOW(fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) & ~O_NONBLOCK));
	printf("%d\n", fcntl(ends[0], F_GETFL));
	close(ends[0]);
	polled("nobody reads", ends[1], POLLOUT);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(ends[1], "x", 1));
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
}

static void counters(void)
{
	int fd = SHOW(eventfd(3, EFD_NONBLOCK)), semaphore = SHOW(eventfd(2, EFD_SEMAPHORE | EFD_CLOEXEC));
	uint64_t value = 0;

	printf("%d %d\n", fcntl(fd, F_GETFL), fcntl(semaphore, F_GETFD));
	SHOW(eventfd_read(fd, &value));
	printf("%lu\n", (unsigned long)value);
	SHOW(eventfd_read(fd, &value));
	polled("zero", fd, POLLIN | POLLOUT);
	SHOW(eventfd_write(fd, 5));
	SHOW(eventfd_write(fd, 6));
	polled("eleven", fd, POLLIN | POLLOUT);
	SHOW(read(fd, &value, 4));
	SHOW(read(fd, &value, 8));
	printf("%lu\n", (unsigned long)value);
	SHOW(eventfd_write(fd, UINT64_MAX - 1));
	polled("full", fd, POLLIN | POLLOUT);
	SHOW(eventfd_write(fd, 1));
	SHOW(eventfd_write(fd, UINT64_MAX));
	SHOW(eventfd_read(semaphore, &value));
	printf("%lu\n", (unsigned long)value);
	SHOW(eventfd_read(semaphore, &value));
	polled("taken", semaphore, POLLIN);
	SHOW(eventfd(0, 0x10));
	close(fd);
	close(semaphore);
}

static void timers(void)
{
	int fd = SHOW(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
	struct itimerspec spec = { .it_value = { 1000, 0 } }, old;
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	uint64_t count = 0;

	SHOW(read(fd, &count, sizeof(count)));
	SHOW(timerfd_settime(fd, 0, &spec, NULL));
	SHOW(timerfd_gettime(fd, &old));
	printf("%d\n", old.it_value.tv_sec > 900 && old.it_value.tv_sec <= 1000);
	spec = (struct itimerspec){ .it_value = { 0, 2000000 } };
	SHOW(timerfd_settime(fd, 0, &spec, &old));
	printf("%d\n", old.it_value.tv_sec > 900);
	SHOW(poll(&wanted, 1, 60000));
	SHOW(read(fd, &count, sizeof(count)));
	printf("%lu\n", (unsigned long)count);
	SHOW(write(fd, &count, sizeof(count)));
	SHOW(read(fd, &count, 7));
	fcntl(fd, F_SETFL, 0);
	clock_gettime(CLOCK_MONOTONIC, &spec.it_value);
	spec.it_value.tv_sec -= 1;
	spec.it_interval = (struct timespec){ 0, 1000000 };
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL));
	SHOW(read(fd, &count, sizeof(count)));
	printf("%d\n", count >= 1000);
	SHOW(read(fd, &count, sizeof(count)));
	printf("%d\n", count >= 1);
	SHOW(timerfd_settime(0, 0, &spec, NULL));
	SHOW(timerfd_settime(NEVER_OPEN, 0, &spec, NULL));
	SHOW(timerfd_create(42, 0));
	close(fd);
}

static int alarms;

static void on_alarm(int signal)
{
	alarms++;
}

static void interrupted(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_interval = { 0, 20000 }, .it_value = { 0, 5000 } };
	int event = eventfd(0, 0), ends[2], epoll = epoll_create1(0);
	struct epoll_event wanted = { .events = EPOLLIN }, got;
	struct pollfd one = { .fd = event, .events = POLLIN };
	uint64_t value = UINT64_MAX - 1;
	fd_set set;
	char byte;

	SHOW(pipe(ends));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	SHOW(read(event, &value, sizeof(value)));
	SHOW(read(ends[0], &byte, 1));
	SHOW(poll(&one, 1, -1));
	FD_ZERO(&set);
	FD_SET(event, &set);
	SHOW(select(event + 1, &set, NULL, NULL, NULL));
	SHOW(epoll_wait(epoll, &got, 1, -1));
	value = UINT64_MAX - 1;
	SHOW(write(event, &value, sizeof(value)));
	SHOW(write(event, &value, sizeof(value)));
	memset(&soon, 0, sizeof(soon));
	setitimer(ITIMER_REAL, &soon, NULL);
	printf("%d\n", alarms >= 6);
	close(event);
	close(ends[0]);
	close(ends[1]);
	close(epoll);
}

static void signals(void)
{
	struct signalfd_siginfo info;
	struct timespec second = { 60, 0 };
	struct pollfd one;
	sigset_t set, none;
	int fd;

	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = SHOW(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	SHOW(read(fd, &info, sizeof(info)));
	raise(SIGUSR1);
	polled("a signal", fd, POLLIN);
	SHOW(read(fd, &info, sizeof(info)));
	printf("%d\n", info.ssi_signo == SIGUSR1);
	one = (struct pollfd){ .fd = fd, .events = POLLIN };
	ualarm(2000, 0);
	SHOW(poll(&one, 1, 60000));
	SHOW(read(fd, &info, sizeof(info)));
	printf("%d\n", info.ssi_signo == SIGALRM);
	SHOW(read(fd, &info, sizeof(info)));
	close(fd);
	/* The mask of ppoll() lets it through. */
	alarms = 0;
	signal(SIGALRM, on_alarm);
	ualarm(2000, 0);
	SHOW(ppoll(&one, 0, &second, &none));
	printf("%d\n", alarms);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void many(void)
{
	int event = eventfd(0, 0), file = open("a", O_RDONLY), ends[2], epoll, copy, closed;
	struct epoll_event wanted = { .events = EPOLLIN }, got[4];
	struct timeval now = { 0, 0 };
	struct pollfd all[5];
	fd_set readable, writable;

	SHOW(pipe(ends));
	all[0] = (struct pollfd){ .fd = event, .events = POLLIN | POLLOUT };
	all[1] = (struct pollfd){ .fd = file, .events = POLLIN | POLLOUT };
	all[2] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	all[3] = (struct pollfd){ .fd = NEVER_OPEN, .events = POLLIN };
	all[4] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 7 };
	SHOW(poll(all, 5, 60000));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		printf(" %x", (unsigned)all[i].revents);
	printf("\n");
	SHOW(poll(all + 2, 1, 1));
	SHOW(poll(NULL, 0, 1));

	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_SET(ends[0], &readable);
	FD_SET(event, &readable);
	FD_SET(ends[1], &writable);
	SHOW(select(ends[1] + 1, &readable, &writable, NULL, &now));
	printf("%d %d %d\n", !!FD_ISSET(ends[0], &readable), !!FD_ISSET(event, &readable),
	       !!FD_ISSET(ends[1], &writable));
	/* One that was open just now: the kernel does not look past the end of its table. */
	closed = dup(event);
	close(closed);
	FD_SET(closed, &readable);
	SHOW(select(closed + 1, &readable, NULL, NULL, &now));

	epoll = SHOW(epoll_create1(EPOLL_CLOEXEC));
	SHOW(fcntl(epoll, F_GETFD));
	printf("%d\n", read(epoll, all, sizeof(all)) < 0);
	wanted.data.u32 = 1;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, file, &wanted));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &wanted));
	SHOW(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], &wanted));
	SHOW(epoll_ctl(event, EPOLL_CTL_ADD, ends[0], &wanted));
	wanted.events = EPOLLIN | EPOLLONESHOT | EPOLLRDHUP;
	wanted.data.u32 = 2;
	SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &wanted));
	SHOW(epoll_wait(epoll, got, 4, 0));
	write(ends[1], "x", 1);
	SHOW(epoll_wait(epoll, got, 4, 60000));
	printf("%u %x\n", got[0].data.u32, got[0].events);
	SHOW(epoll_wait(epoll, got, 4, 0));
	eventfd_write(event, 1);
	SHOW(epoll_wait(epoll, got, 4, 60000));
	printf("%u %x\n", got[0].data.u32, got[0].events);
	SHOW(close(event));
	SHOW(epoll_wait(epoll, got, 4, 0));
	SHOW(epoll_wait(epoll, got, 0, 0));
	/* Other numbers of the same, until the last is closed. */
	copy = SHOW(dup(epoll));
	SHOW(dup2(epoll, 30));
	SHOW(fcntl(30, F_DUPFD, 40));
	SHOW(dup2(file, 30));
	SHOW(close(epoll));
	SHOW(epoll_wait(epoll, got, 4, 0));
	wanted.events = EPOLLOUT;
	SHOW(epoll_ctl(copy, EPOLL_CTL_ADD, ends[1], &wanted));
	SHOW(epoll_wait(40, got, 4, 60000));
	SHOW(epoll_ctl(40, EPOLL_CTL_DEL, ends[1], NULL));
	SHOW(epoll_wait(copy, got, 4, 0));
	SHOW(epoll_ctl(30, EPOLL_CTL_ADD, ends[1], &wanted));
	close(30);
	close(40);
	SHOW(close(copy));
	SHOW(epoll_wait(copy, got, 4, 0));
	close(file);
	close(ends[0]);
	close(ends[1]);
}

/* ---- Sockets ---- */

static void sockets(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	char text[16] = "";
	int pair[2], listening, client, server;

	SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	printf("%d %d\n", pair[0], pair[1]);
	SHOW(recv(pair[0], text, sizeof(text), 0));
	SHOW(write(pair[1], "to the other", 12));
	SHOW(read(pair[0], text, sizeof(text)));
	printf("%s\n", text);
	shutdown(pair[1], SHUT_WR);
	polled("shut", pair[0], POLLIN | POLLRDHUP | POLLOUT);
	SHOW(read(pair[0], text, sizeof(text)));
	close(pair[1]);
	polled("gone", pair[0], POLLIN | POLLRDHUP | POLLOUT);
	close(pair[0]);
	SHOW(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	SHOW(send(pair[0], "one", 3, 0));
	SHOW(send(pair[0], "three", 5, 0));
	SHOW(recv(pair[1], text, sizeof(text), 0));
	SHOW(recv(pair[1], text, 2, MSG_TRUNC));
	close(pair[0]);
	close(pair[1]);
	SHOW(socketpair(AF_INET, SOCK_STREAM, 0, pair));

	listening = SHOW(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	SHOW(fcntl(listening, F_GETFD));
	SHOW(bind(listening, (struct sockaddr *)&address, size));
	SHOW(listen(listening, 1));
	getsockname(listening, (struct sockaddr *)&address, &size);
	polled("nobody", listening, POLLIN);
	client = SHOW(socket(AF_INET, SOCK_STREAM, 0));
	SHOW(connect(client, (struct sockaddr *)&address, size));
	server = SHOW(accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	printf("%d %d\n", fcntl(server, F_GETFL) & O_NONBLOCK, fcntl(server, F_GETFD));
	SHOW(dup2(client, 30));
	close(client);
	SHOW(write(30, "over the wire", 13));
	polled("came", server, POLLIN | POLLOUT);
	SHOW(read(server, text, sizeof(text)));
	close(30);
	SHOW(read(server, text, sizeof(text)));
	close(server);
	close(listening);
}

/* ---- Other programs ---- */

static void programs(void)
{
	posix_spawn_file_actions_t actions;
	char *arguments[] = { "sh", "-c", "read line && echo \"got $line\"", NULL };
	int input[2], output[2], file, saved, status = 0;
	char text[64] = "";
	pid_t pid = 0;
	FILE *stream;

	SHOW(pipe2(input, O_CLOEXEC));
	SHOW(pipe2(output, O_CLOEXEC));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input[0], 0);
	posix_spawn_file_actions_adddup2(&actions, output[1], 1);
	SHOW(posix_spawn(&pid, "/bin/sh", &actions, NULL, arguments, environ));
	posix_spawn_file_actions_destroy(&actions);
	close(output[1]);
	SHOW(write(input[1], "a line\n", 7));
	SHOW(read(output[0], text, sizeof(text)));
	printf("%s", text);
	SHOW(read(output[0], text, sizeof(text)));
	SHOW(waitpid(pid, &status, 0) == pid);
	printf("%d\n", WEXITSTATUS(status));
	close(input[0]);
	close(input[1]);
	close(output[0]);

	stream = popen("echo from popen; exit 3", "r");
	printf("%s", fgets(text, sizeof(text), stream));
	printf("%d\n", WEXITSTATUS(pclose(stream)));
	stream = popen("cat >out", "w");
	fprintf(stream, "to popen\n");
	printf("%d\n", pclose(stream));
	show_mode("out");

	/* Standard output is a file for a while. */
	fflush(stdout);
	file = open("redirected", O_RDWR | O_CREAT | O_TRUNC, 0644);
	saved = dup(1);
	dup2(file, 1);
	puts("of the program");
	fflush(stdout);
	status = system("echo of the shell");
	puts("of the program again");
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	printf("%d\n", status);
	lseek(file, 0, SEEK_SET);
	memset(text, 0, sizeof(text));
	SHOW(read(file, text, sizeof(text) - 1));
	printf("%s", text);
	close(file);
}

/* ---- Time and the machine ---- */

static void times_and_machine(void)
{
	struct timespec before, after, wanted = { 0, 2000000 };
	struct tm parts = { .tm_year = 100, .tm_mon = 1, .tm_mday = 29, .tm_hour = 12 };
	struct sysinfo info;
	char text[64];
	time_t time;

	clock_gettime(CLOCK_MONOTONIC, &before);
	SHOW(nanosleep(&wanted, NULL));
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%d\n", (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 2000000);
	time = timegm(&parts);
	strftime(text, sizeof(text), "%A %F %T %j", gmtime(&time));
	printf("%ld %s\n", (long)time, text);
	clock_gettime(CLOCK_BOOTTIME, &before);
	SHOW(sysinfo(&info));
	clock_gettime(CLOCK_BOOTTIME, &after);
	printf("%u %d %d %d\n", info.mem_unit, info.totalram > info.freeram && info.freeram > 0,
	       (long)info.uptime >= before.tv_sec && (long)info.uptime <= after.tv_sec + 1, info.procs > 0);
}

/* ---- Standard streams ---- */

static void standard(void)
{
	int terminal, place, answer;
	struct stat stat;
	FILE *sink;

	for (int fd = 0; fd < 3; fd++) {
		errno = 0;
		terminal = isatty(fd);
		fprintf(stderr, "%d %s", terminal, strerror(errno));
		fstat(fd, &stat);
		fprintf(stderr, " %o", stat.st_mode & S_IFMT);
		errno = 0;
		place = (int)lseek(fd, 0, SEEK_CUR);
		fprintf(stderr, " %d %s\n", fd == 2 && place > 0 ? 0 : place, strerror(errno));
	}
	printf("%d %d\n", isatty(open("/dev/null", O_RDWR)), isatty(open("/dev/zero", O_RDONLY)));
	sink = fopen("/dev/null", "w");
	if (sink)
		printf("sink %d\n", fprintf(sink, "text") + fclose(sink));
	printf("a question? ");
	answer = fgetc(stdin);
	fprintf(stderr, "answered\n");
	if (answer >= 0)
		fprintf(stderr, "at %ld\n", ftell(stdin));
	printf("to standard output\n");
	fprintf(stderr, "at %ld\n", ftell(stdout));
}

/* Files as standard input and output take what those take that the program opens. */
static void redirected(void)
{
	static char text[64];
	int output = dup(1);

	/* What is shown goes to standard error. */
	printf("some output\n");
	fflush(stdout);
	dup2(2, 1);
	SHOW(pread(0, text, 5, 5));
	SHOW(strcmp(text, "input"));
	SHOW(lseek(0, 0, SEEK_CUR));
	SHOW(pread(0, text, 1, -1));
	SHOW(pwrite(0, "x", 1, 0));
	SHOW(ftruncate(0, 0));
	SHOW(pread(output, text, 1, 0));
	SHOW(pwrite(output, "SOME", 4, 0));
	SHOW(lseek(output, 0, SEEK_CUR));
	SHOW(ftruncate(output, 8));
	SHOW(ftruncate(output, -1));
	SHOW(fchmod(output, 0640));
}

/* More than the buffer holds, with lines on standard error in between. */
static void order(void)
{
	static char block[9000];

	for (int i = 0; i < 2000; i++) {
		printf("line %d\n", i);
		if (i % 100 == 0)
			fprintf(stderr, "error %d\n", i);
	}
	memset(block, 'x', sizeof(block));
	fwrite(block, 1, sizeof(block), stdout);
	fprintf(stderr, "after a block\n");
	for (int i = 0; i < 5000; i++)
		putchar('a' + i % 26);
	fprintf(stderr, "after characters\n");
	puts("");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("a line\nand a part");
	fprintf(stderr, "in between\n");
	fflush(stdout);
	fprintf(stderr, "a message that is longer than any small buffer: %0200d\n", 7);
	printf("the end, without flushing\n");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "files", files },     { "temporary", temporary }, { "numbers", numbers },
	{ "pipes", pipes },     { "counters", counters },   { "timers", timers },
	{ "interrupted", interrupted }, { "signals", signals }, { "many", many },
	{ "sockets", sockets }, { "programs", programs },   { "time", times_and_machine },
	{ "absolute", absolute }, { "standard", standard }, { "order", order },
	{ "listed", listed },     { "redirected", redirected },
#ifndef __wasm__
	{ "default-acl", default_acl },
#endif
};

/* The names of cases. */
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
			if (strcmp(argv[i], cases[j].name))
				continue;
			if (argc > 2)
				printf("--- %s\n", argv[i]);
			cases[j].run();
		}
	}
	return 0;
}
