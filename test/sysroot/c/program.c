/* SPDX-License-Identifier: MIT */
/* What programs commonly ask of a C library; its argument is a directory it may write to. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void section(const char *name)
{
	printf("-- %s\n", name);
}

static void result(const char *what, long value)
{
	if (value < 0)
		printf("%s: %ld, errno %d (%s)\n", what, value, errno, strerror(errno));
	else
		printf("%s: %ld\n", what, value);
}

static void numbers(void)
{
	long wide = 1L << 40;
	unsigned long long all = ~0ULL;
	int read1 = 0;
	long read2 = 0;
	double read3 = 0;
	char word[16] = "";

	section("numbers");
	printf("%d %ld %lld %zu %#lx %" PRIu64 " %" PRId64 "\n", INT_MIN, wide,
	       LLONG_MIN, sizeof(wide), wide, (uint64_t)all, INT64_MIN);
	printf("%5.2f|%-8s|%+d|%08.3e|%g|%c|%%|%*d|%.3s\n", 3.14159, "left", 7,
	       12345.678, 1e-7, 'x', 6, 42, "truncated");
	printf("%.17g %g %g %a\n", 0.1, strtod("3.25e3", NULL), strtod("-inf", NULL),
	       1.5);
	printf("%ld %lu %lld %d\n", strtol("-0x7fffffffffff", NULL, 16),
	       strtoul("18446744073709551615", NULL, 10), atoll("9007199254740993"),
	       atoi("12abc"));
	errno = 0;
	wide = strtol("99999999999999999999", NULL, 10);
	printf("%ld %d\n", wide, errno);
	errno = 0;
	wide = strtol("none", NULL, 10);
	printf("%ld %d", wide, errno);
	wide = strtol("1", NULL, 99);
	printf(", base 99: %ld %d\n", wide, errno);
	wide = 1L << 40;
	printf("%d ", sscanf("17 -4000000000 2.5 word", "%d %ld %lf %15s", &read1,
			     &read2, &read3, word));
	printf("%d %ld %g %s\n", read1, read2, read3, word);
	printf("%.10f %.10f %.10f\n", sqrt(2), pow(2, 0.5), log(10));
	printf("%lld %llu\n", (long long)wide * -3 / 7, all % 1000000007ULL);
	printf("%ld %ld\n", LONG_MAX, (long)(size_t)-1);
}

static int compare(const void *a, const void *b)
{
	long left = *(const long *)a, right = *(const long *)b;

	return left < right ? -1 : left > right;
}

static void memory(void)
{
	enum { COUNT = 1000 };
	long *list = malloc(COUNT * sizeof(*list)), sum = 0;
	char *big, *copy = strdup("a copy");
	unsigned long seed = 12345;

	section("memory");
	for (int i = 0; i < COUNT; i++) {
		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		list[i] = (long)seed;
	}
	qsort(list, COUNT, sizeof(*list), compare);
	for (int i = 1; i < COUNT; i++)
		sum += list[i - 1] > list[i];
	printf("%ld unsorted, least %ld\n", sum, list[0]);
	list = realloc(list, COUNT * 100 * sizeof(*list));
	printf("%ld %s %d\n", list[COUNT - 1], copy, (int)((size_t)list % 16));
	big = calloc(1, 40 << 20);
	printf("%d %p\n", big[(40 << 20) - 1], (void *)(big == NULL ? big : copy - (copy - (char *)8)));
	free(big);
	free(list);
	free(copy);
}

static void strings(void)
{
	char buffer[64] = "one two,three", *rest, *token;
	int length;

	section("strings");
	for (token = strtok_r(buffer, " ,", &rest); token;
	     token = strtok_r(NULL, " ,", &rest))
		printf("[%s]", token);
	length = snprintf(buffer, 8, "%s", "much too long");
	printf(" %d %s %d\n", length, buffer, strcmp(buffer, "much to"));
	printf("%d %d %s %zu\n", !!isalpha('q'), toupper('q'), strchr("a/b/c", '/'),
	       strspn("aabbc", "ab"));
	printf("%s|%s|%s\n", strerror(ENOENT), strerror(9999), strsignal(SIGINT));
}

static void files(const char *directory)
{
	char path[PATH_MAX], line[32], inner[PATH_MAX];
	struct iovec parts[2] = { { "gather", 6 }, { "ed\n", 3 } };
	struct dirent **entries, *entry;
	struct stat stat_;
	FILE *file;
	DIR *list;
	int fd, found;

	section("files");
	snprintf(path, sizeof(path), "%s/made", directory);
	result("mkdir", mkdir(path, 0755));
	result("mkdir again", mkdir(path, 0755));
	snprintf(inner, sizeof(inner), "%s/made/file", directory);
	file = fopen(inner, "w");
	fprintf(file, "first line\nsecond %d\n", 2);
	result("fclose", fclose(file));
	file = fopen(inner, "r+");
	while (fgets(line, sizeof(line), file))
		printf("read: %s", line);
	fseek(file, 6, SEEK_SET);
	printf("at %ld: ", ftell(file));
	printf("%c, end ", fgetc(file));
	printf("%d\n", feof(file));
	fclose(file);
	fd = open(inner, O_WRONLY | O_APPEND | O_CLOEXEC);
	result("append", writev(fd, parts, 2));
	printf("flags %#x\n", fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE | O_NONBLOCK));
	result("read from a writer", read(fd, line, 1));
	result("close", close(fd));
	result("close again", close(fd));
	result("exclusive", open(inner, O_CREAT | O_EXCL | O_RDWR, 0644));
	result("a directory for writing", open(path, O_WRONLY));
	result("no directory", open(inner, O_RDONLY | O_DIRECTORY));
	fd = open(inner, O_RDONLY);
	result("pread", pread(fd, line, 5, 6));
	result("lseek", lseek(fd, -3, SEEK_END));
	result("fstat", fstat(fd, &stat_));
	printf("size %ld, %o\n", (long)stat_.st_size, stat_.st_mode & S_IFMT);
	close(fd);
	result("stat", stat(path, &stat_));
	printf("%s\n", S_ISDIR(stat_.st_mode) ? "directory" : "other");
	snprintf(inner, sizeof(inner), "%s/made/absent", directory);
	result("stat of nothing", stat(inner, &stat_));
	result("access", access(inner, F_OK));
	snprintf(inner, sizeof(inner), "%s/made/file/below", directory);
	result("below a file", open(inner, O_RDONLY));
	snprintf(inner, sizeof(inner), "%s/made/link", directory);
	result("symlink", symlink("file", inner));
	result("lstat", lstat(inner, &stat_));
	printf("%s\n", S_ISLNK(stat_.st_mode) ? "link" : "other");
	found = (int)readlink(inner, line, sizeof(line));
	printf("to %.*s\n", found, line);
	list = opendir(path);
	for (found = 0; (entry = readdir(list));)
		found += entry->d_name[0] != '.' && entry->d_type != DT_UNKNOWN;
	closedir(list);
	result("entries", found);
	found = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < found; i++)
		printf("%s %d%s", entries[i]->d_name, entries[i]->d_type,
		       i + 1 < found ? ", " : "\n");
	result("rmdir", rmdir(path));
	result("unlink", unlink(inner));
	snprintf(inner, sizeof(inner), "%s/made/file", directory);
	result("truncate", truncate(inner, 4));
	result("stat", stat(inner, &stat_) ?: (long)stat_.st_size);
	snprintf(line, sizeof(line), "made/other");
	snprintf(path, sizeof(path), "%s/%s", directory, line);
	result("rename", rename(inner, path));
	result("remove", remove(path));
	snprintf(path, sizeof(path), "%s/made", directory);
	result("rmdir", rmdir(path));
}

static void times(void)
{
	struct timespec now, later, pause = { 0, 2000000 };
	time_t moments[] = { 0, 1700000000, 1720000000, 4102444800 };
	struct tm tm = { .tm_year = 124, .tm_mon = 1, .tm_mday = 30, .tm_isdst = -1 };
	char text[64];

	section("time");
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		strftime(text, sizeof(text), "%F %T %Z %z", localtime(&moments[i]));
		printf("%s", text);
		strftime(text, sizeof(text), "%a %b %e %j %H", gmtime(&moments[i]));
		printf(" | %s\n", text);
	}
	printf("%ld\n", (long)mktime(&tm));
	strftime(text, sizeof(text), "%F", &tm);
	printf("%s\n", text);
	clock_gettime(CLOCK_MONOTONIC, &now);
	result("nanosleep", nanosleep(&pause, NULL));
	clock_gettime(CLOCK_MONOTONIC_RAW, &later);
	clock_gettime(CLOCK_MONOTONIC, &later);
	printf("%d\n", (later.tv_sec - now.tv_sec) * 1000000000L + later.tv_nsec -
			       now.tv_nsec >= 2000000);
	result("bad clock", clock_gettime(999, &now));
	pause.tv_nsec = -1;
	result("bad time", nanosleep(&pause, NULL));
	printf("%d\n", time(NULL) > 1700000000);
}

static volatile int caught, asked;

static void handler(int number)
{
	caught = number;
}

static void information(int number, siginfo_t *info, void *context)
{
	caught = number + info->si_signo;
	asked = !!context;
}

static void signals(void)
{
	struct sigaction action = { .sa_sigaction = information, .sa_flags = SA_SIGINFO };
	struct sigaction old;
	sigset_t set;

	section("signals");
	printf("%d ", signal(SIGUSR1, handler) == SIG_DFL);
	raise(SIGUSR1);
	printf("%d ", caught);
	result("sigaction", sigaction(SIGUSR2, &action, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	caught = 0;
	kill(getpid(), SIGUSR2);
	printf("%d ", caught);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	printf("%d\n", caught);
	sigaction(SIGUSR1, NULL, &old);
	printf("%d\n", old.sa_handler == handler);
	result("SIGKILL", sigaction(SIGKILL, &action, NULL));
	result("no signal", raise(999));
	signal(SIGTERM, SIG_IGN);
	raise(SIGTERM);
	result("nobody", kill(getpid(), 0));
}

static const struct option longs[] = {
	{ "long", required_argument, NULL, 'l' },
	{ "flag", no_argument, NULL, 'f' },
	{ NULL, 0, NULL, 0 },
};

static void refusals(void)
{
	char *lines[][3] = { { "me", "-x" },	     { "me", "-b" },
			     { "me", "--nothing" },  { "me", "--long" },
			     { "me", "--flag=yes" }, { "me", "--nothing=x" } };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int answer;

		optind = 0;
		answer = getopt_long(2, lines[i], "ab:", longs, NULL);
		fprintf(stderr, "%c %c\n", answer, optopt ?: '-');
	}
}

static void options(int argc, char **argv)
{
	int option;

	section("arguments");
	for (int i = 2; i < argc; i++)
		printf("[%s]", argv[i]);
	printf(" %d %d\n", argc, argv[argc] == NULL);
	while ((option = getopt_long(argc, argv, "ab:", longs, NULL)) != -1)
		printf("%c=%s ", option, optarg ? optarg : "");
	printf("rest %d, %s\n", argc - optind, strrchr(argv[argc - 1], '/') ?: argv[argc - 1]);
	refusals();
	printf("%s %s\n", getenv("GIVEN"), getenv("ABSENT") ? "set" : "unset");
	setenv("NEW", "value", 1);
	printf("%s\n", getenv("NEW"));
}

static void system_(void)
{
	struct pollfd polled = { .fd = 77, .events = POLLIN };
	struct timeval none = { 0, 0 };
	struct utsname name;
	fd_set set;

	section("system");
	printf("%ld %d %ld %s\n", sysconf(_SC_PAGESIZE), getpagesize(),
	       sysconf(_SC_CLK_TCK), uname(&name) ? "" : name.sysname);
	printf("%d\n", getpid() > 1);
	printf("%d %d\n", sysconf(_SC_NPROCESSORS_ONLN) >= 1, isatty(77));
	printf("%d\n", errno);
	result("poll", poll(&polled, 1, 0));
	printf("%#x\n", polled.revents);
	FD_ZERO(&set);
	result("select", select(0, NULL, NULL, NULL, &none));
	/* Below 64, since the kernel looks at no number past the table, which has at least that many places. */
	close(43);
	FD_SET(43, &set);
	result("select", select(44, &set, NULL, NULL, &none));
}

int main(int argc, char **argv)
{
	numbers();
	memory();
	strings();
	files(argv[1]);
	times();
	signals();
	options(argc, argv);
	system_();
	fprintf(stderr, "to standard error\n");
	perror("nothing");
	return 7;
}
