/* Pipes, descriptors and events between a program and what it starts by fork and exec. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int ended(pid_t process)
{
	int status = -1;

	waitpid(process, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void show(int fd)
{
	char text[4096];
	ssize_t size;

	while ((size = read(fd, text, sizeof(text))) > 0)
		printf("%.*s", (int)size, text);
	printf("read %zd\n", size);
}

static void pipeline(void)
{
	int in[2], out[2];
	pid_t process;

	pipe(in);
	pipe(out);
	process = fork();
	if (process == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(1, 2);
		close(in[1]);
		close(out[0]);
		close(in[0]);
		close(out[1]);
		execlp("sh", "sh", "-c", "tr a-z A-Z; echo an error >&2", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	dprintf(in[1], "shouted\n");
	close(in[1]);
	show(out[0]);
	close(out[0]);
	printf("pipeline %d\n", ended(process));
}

/* A child that starts nothing. */
static void answer(void)
{
	int ends[2];
	pid_t process;

	pipe(ends);
	process = fork();
	if (process == 0) {
		close(ends[0]);
		dprintf(ends[1], "from the child\n");
		_exit(6);
	}
	close(ends[1]);
	show(ends[0]);
	close(ends[0]);
	printf("answer %d\n", ended(process));
}

static void inherited(void)
{
	int kept[2], closed[2];
	pid_t process;

	pipe(kept);
	pipe2(closed, O_CLOEXEC);
	dup2(kept[1], 20);
	dup3(closed[1], 21, O_CLOEXEC);
	process = fork();
	if (process == 0) {
		execlp("sh", "sh", "-c", "echo by its number >/dev/fd/20; test -e /dev/fd/21; echo $?", NULL);
		_exit(127);
	}
	printf("inherited %d\n", ended(process));
	close(kept[1]);
	close(20);
	show(kept[0]);
	close(21);
	close(closed[1]);
	show(closed[0]);
	close(kept[0]);
	close(closed[0]);
}

/* What tracing tools do so as not to miss the beginning of a program. */
static void held_back(uint64_t value)
{
	int go = eventfd(0, 0), out[2];
	uint64_t event;
	pid_t process;
	char byte;

	pipe(out);
	process = fork();
	if (process == 0) {
		if (read(go, &event, sizeof(event)) != sizeof(event))
			_exit(126);
		dup2(out[1], 1);
		execlp("sh", "sh", "-c", "echo begins; exit 4", NULL);
		_exit(127);
	}
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	printf("exists %d, silent %d\n", waitpid(process, NULL, WNOHANG) == 0 && kill(process, 0) == 0, read(out[0], &byte, 1) < 0 && errno == EAGAIN);
	fcntl(out[0], F_SETFL, 0);
	write(go, &value, sizeof(value));
	show(out[0]);
	printf("held back %d\n", ended(process));
	close(out[0]);
	close(go);
}

/* It waits for what nobody does: the parent goes on after the child only. */
static void waits(void)
{
	int ends[2];
	pid_t process;
	char byte;

	pipe(ends);
	process = fork();
	if (process == 0) {
		if (read(ends[0], &byte, 1) == 1)
			_exit(byte);
		printf("error %d\n", errno == EDEADLK);
		_exit(1);
	}
	write(ends[1], "\5", 1);
	printf("waits %d\n", ended(process));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "waits"))
		return waits(), 0;
	if (argc > 1 && !strcmp(argv[1], "two"))
		return held_back(2), 0;
	pipeline();
	answer();
	inherited();
	held_back(1);
	return 0;
}
