#define _GNU_SOURCE
#include "syscalls.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int64_t sys_pipe(void *into, size_t size)
{
	int ends[2] = { -1, -1 };
	int64_t result;

	if (size < sizeof ends)
		return -EINVAL;
	result = answer(pipe2(ends, O_CLOEXEC));
	memcpy(into, ends, sizeof ends);
	return result;
}

/* The addresses of NUL-terminated strings that lie one behind the other, and NULL. The caller frees the list only. */
static char **string_list(char *texts, size_t size)
{
	size_t count = 0;
	char **list;

	for (size_t i = 0; i < size; i++)
		count += texts[i] == 0;
	list = calloc(count + 1, sizeof *list);
	if (!list)
		return NULL;
	count = 0;
	for (size_t i = 0, start = 0; i < size; i++) {
		if (texts[i] != 0)
			continue;
		list[count++] = texts + start;
		start = i + 1;
	}
	return list;
}

/* glibc has it since 2.34; elsewhere a program inherits what this process inherited. */
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
	__attribute__((weak));

static int64_t spawn(const char *path, char *const argv[], char *const envp[], const int fds[3])
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

int64_t sys_spawn(const char *path, void *arguments, size_t arguments_size, void *environment, size_t environment_size,
		  int in, int out, int err)
{
	char **argv = string_list(arguments, arguments_size);
	char **envp = string_list(environment, environment_size);
	int64_t result = argv && envp ? spawn(path, argv, envp, (int[3]){ in, out, err }) : -ENOMEM;

	free(argv);
	free(envp);
	return result;
}

int64_t sys_wait_process(int pid, void *into, size_t size)
{
	int status = 0;
	int64_t result;

	if (size < sizeof status)
		return -EINVAL;
	result = answer(waitpid(pid, &status, WNOHANG));
	memcpy(into, &status, sizeof status);
	return result;
}

int64_t sys_kill(int pid, int signo)
{
	return answer(kill(pid, signo));
}

int64_t sys_pidfd_open(int pid)
{
	/* Descriptors of processes are always closed on exec. */
	return answer(syscall(SYS_pidfd_open, pid, 0));
}
