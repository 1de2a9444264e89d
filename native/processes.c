#define _GNU_SOURCE
#include "syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

static int64_t spawn(const char *path, char *const argv[], char *const envp[], const int *fds, int count)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error = 0;
	pid_t pid = -1;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	for (int i = 0; i < count && !error; i++) {
		if (fds[i] >= 0)
			error = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
		else if (fcntl(i, F_GETFD) >= 0)
			error = posix_spawn_file_actions_addclose(&actions, i);
	}
	if (!error && posix_spawn_file_actions_addclosefrom_np)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, count);
	if (!error)
		error = posix_spawn(&pid, path, &actions, &attributes, argv, envp);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error ? -error : pid;
}

static void close_from(int first)
{
	if (syscall(SYS_close_range, first, ~0u, 0) == 0)
		return;
	for (int fd = first; fd < sysconf(_SC_OPEN_MAX); fd++)
		close(fd);
}

/* Ends the process unless the event comes, as the 1 that was foretold. */
static void wait_for(int event)
{
	struct pollfd polled = { event, POLLIN, 0 };
	uint64_t value = 0;
	ssize_t size;

	do {
		poll(&polled, 1, -1);
		size = read(event, &value, sizeof value);
	} while (size < 0 && (errno == EINTR || errno == EAGAIN));
	if (size != sizeof value || value != 1) {
		static const char reason[] = "wasm-bpf: a program was not started: what its eventfd was told is not 1\n";

		(void)!write(STDERR_FILENO, reason, sizeof reason - 1);
		_exit(127);
	}
	close(event);
}

/* A copy of this process, with nothing of it but these descriptors, that has waited for the event. 0 in the copy. */
static int64_t copy(const int *fds, int count, int directory, int event)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t all, none, before;
	int64_t pid;

	sigemptyset(&none);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = answer(fork());
	if (pid != 0) {
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		return pid;
	}
	/* NB: only what is safe in a signal handler may be called from here on. */
	for (int i = 1; i < NSIG; i++)
		sigaction(i, &standard, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (directory >= 0 && fchdir(directory) < 0)
		_exit(127);
	for (int i = 0; i < count; i++) {
		if (fds[i] >= 0)
			dup2(fds[i], i);
		else
			close(i);
	}
	if (event >= 0)
		event = dup2(event, count);
	close_from(count + (event >= 0));
	if (event >= 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		wait_for(event);
		prctl(PR_SET_PDEATHSIG, 0);
	}
	return 0;
}

/* Makes them copies above all numbers that they are to have; where that fails, -1. */
static int lift(int *fds, int count, int *directory, int *event)
{
	int error = 0;

	for (int i = 0; i < count + 2; i++) {
		int *fd = i < count ? &fds[i] : i == count ? directory : event;

		if (*fd < 0)
			continue;
		*fd = error ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, count + 1);
		if (*fd < 0 && !error)
			error = errno;
	}
	return -error;
}

int64_t sys_spawn(const char *path, void *arguments, size_t arguments_size, void *environment, size_t environment_size,
		  const void *descriptors, size_t descriptors_size, int directory, int event)
{
	int count = (int)(descriptors_size / sizeof(int));
	char **argv = string_list(arguments, arguments_size);
	char **envp = string_list(environment, environment_size);
	int *fds = calloc(count + 1, sizeof *fds);
	int64_t result = -ENOMEM;

	if (argv && envp && fds) {
		memcpy(fds, descriptors, count * sizeof *fds);
		result = lift(fds, count, &directory, &event);
		if (result == 0 && directory < 0 && event < 0) {
			result = spawn(path, argv, envp, fds, count);
		} else if (result == 0) {
			result = copy(fds, count, directory, event);
			if (result == 0) {
				execve(path, argv, envp);
				_exit(127);
			}
		}
		for (int i = 0; i < count; i++) {
			if (fds[i] >= 0)
				close(fds[i]);
		}
		if (directory >= 0)
			close(directory);
		if (event >= 0)
			close(event);
	}
	free(fds);
	free(argv);
	free(envp);
	return result;
}

int64_t sys_spawn_ended(int status, int event)
{
	int fd = event < 0 ? -1 : fcntl(event, F_DUPFD_CLOEXEC, 1);
	int64_t pid = event >= 0 && fd < 0 ? -errno : copy(NULL, 0, -1, fd);

	if (pid == 0)
		_exit(status);
	if (fd >= 0)
		close(fd);
	return pid;
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
