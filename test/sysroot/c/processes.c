/* fork, vfork, exec and exit: prints what parent and child see, the same natively and in a guest. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int global = 1;
static char *heap;

static void report(const char *what, pid_t process)
{
	int status = -1;
	pid_t waited = waitpid(process, &status, 0);

	printf("%s: %s, exited %d with %d, signal %d\n", what, waited == process && process > 0 ? "own" : "other",
	       WIFEXITED(status), WEXITSTATUS(status), WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/* Nothing that a child does to memory is the parent's. */
static pid_t separate(int status)
{
	char local[32] = "parent's";
	volatile int number = 1;
	pid_t process = fork();

	if (process == 0) {
		char *more = malloc(1 << 20);

		number = global = 99;
		strcpy(heap, "child's");
		strcpy(local, "child's");
		memset(more, 1, 1 << 20);
		free(heap);
		_exit(status);
	}
	printf("local %s, %d, global %d, heap %s\n", local, number, global, heap);
	return process;
}

static void on_signal(int number)
{
	printf("signal %d\n", number);
}

static void at_exit(void)
{
	printf("at exit: %d\n", global);
}

static void run(void)
{
	pid_t process = fork();

	if (process == 0) {
		execlp("sh", "other-name", "-c", "echo \"$0 ran, $PASSED\"; exit 5", NULL);
		_exit(127);
	}
	report("exec", process);

	process = vfork();
	if (process == 0) {
		char *arguments[] = { "sh", "-c", "echo \"$ONLY${HIDDEN-}\"; kill -9 $$", NULL };
		char *environment[] = { "ONLY=this", NULL };

		execve("/bin/sh", arguments, environment);
		_exit(127);
	}
	report("killed", process);
}

static void redirected(void)
{
	char line[100] = "";
	pid_t process = fork();
	int fd;

	if (process == 0) {
		setenv("PASSED", "changed", 1);
		close(1);
		if (open("redirected", O_WRONLY | O_CREAT | O_TRUNC, 0644) != 1)
			_exit(126);
		execl("/bin/sh", "sh", "-c", "echo into the file, $PASSED", NULL);
		_exit(127);
	}
	report("redirected", process);
	fd = open("redirected", O_RDONLY);
	printf("%zd: %s", read(fd, line, sizeof(line) - 1), line);
	close(fd);
	printf("%s\n", getenv("PASSED"));
}

static void directory(void)
{
	pid_t process;

	mkdir("below", 0755);
	process = fork();
	if (process == 0) {
		if (chdir("below"))
			_exit(1);
		execlp("sh", "sh", "-c", "basename $(pwd)", NULL);
		_exit(127);
	}
	report("directory", process);
	printf("back: %d\n", access("redirected", F_OK));
}

static void failing(void)
{
	pid_t process = fork();

	if (process == 0) {
		execl("/there/is/none", "none", NULL);
		printf("no program: %d\n", errno);
		execl("./redirected", "redirected", NULL);
		printf("not executable: %d\n", errno);
		exit(3);
	}
	report("failing", process);
}

/* A process whose parent does not wait for it. */
static void daemon_of_old(void)
{
	pid_t process = fork();

	if (process == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0) {
			execlp("true", "true", NULL);
			_exit(127);
		}
		printf("grandchild %d\n", grandchild > 0);
		_exit(0);
	}
	report("child of a child", process);
	errno = 0;
	process = waitpid(-1, NULL, 0);
	printf("nobody is left: %d %d\n", process, errno == ECHILD);
}

static void loop(void)
{
	pid_t processes[4];

	for (int i = 0; i < 4; i++) {
		processes[i] = fork();
		if (processes[i] == 0) {
			printf("child %d\n", i);
			exit(i);
		}
		report("loop", processes[i]);
	}
}

static void signals(void)
{
	pid_t process;

	signal(SIGUSR1, on_signal);
	process = fork();
	if (process == 0) {
		signal(SIGUSR1, SIG_IGN);
		raise(SIGUSR1);
		_exit(0);
	}
	report("signals", process);
	raise(SIGUSR1);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	heap = strdup("parent's");
	report("exit", separate(7));
	run();
	redirected();
	directory();
	failing();
	daemon_of_old();
	loop();
	signals();
	atexit(at_exit);
	if (fork() == 0) {
		global = 2;
		exit(0);
	}
	wait(NULL);
	if (argc > 1) {
		execlp("sh", "sh", "-c", "echo in its place; exit 9", NULL);
		return 1;
	}
	return 0;
}
