/* SPDX-License-Identifier: MIT */
/* Other programs: started by the host, with --allow-run. For fork() see fork.c. */
#define _GNU_SOURCE
#include "process.h"
#include "internal.h"
#include "signals.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static uint32_t count(char *const *list)
{
	uint32_t length = 0;

	while (list && list[length])
		length++;
	return length;
}

static uint32_t *addresses(char *const *list, uint32_t length)
{
	uint32_t *result = malloc((length + 1) * sizeof(*result));

	for (uint32_t i = 0; result && i < length; i++)
		result[i] = wb_address(list[i]);
	return result;
}

int wb_start_request(struct wb_run_start *request, char *const *arguments, char *const *environment)
{
	char *const *variables = environment ? environment : environ;
	uint32_t *words, *values;
	int result = -ENOMEM;

	request->size = sizeof(*request);
	request->argument_count = count(arguments);
	request->environment_count = count(variables);
	words = addresses(arguments, request->argument_count);
	values = addresses(variables, request->environment_count);
	if (words && values) {
		request->arguments_at = wb_address(words);
		request->environment_at = wb_address(values);
		result = wb_run_start(wb_address(request));
	}
	free(words);
	free(values);
	return result;
}

int wb_start(const char *program, char *const *arguments, char *const *environment,
	     int32_t streams[3])
{
	struct wb_run_start request = {
		.standard_input = streams[0],
		.standard_output = streams[1],
		.standard_error = streams[2],
		.program_at = wb_address(program),
	};
	int result = wb_start_request(&request, arguments, environment);

	streams[0] = request.standard_input;
	streams[1] = request.standard_output;
	streams[2] = request.standard_error;
	return result;
}

int wb_wait(int process, int *status, int options)
{
	int32_t how = 0;
	int result;

	do
		result = wb_run_wait(process, wb_address(&how), options & WNOHANG);
	while (result == -EINTR && wb_signals_let_restart());
	if (result > 0 && status)
		*status = how;
	return result;
}

/* wait(), waitpid(), wait3() and wait4() end in it. */
long __wasm_bpf_SYS_wait4(long pid, long status, long options, long usage, long e, long f)
{
	int result = wb_wait(pid > 0 ? (int)pid : -1, (int *)status, (int)options);

	if (usage && result > 0)
		memset((void *)usage, 0, sizeof(struct rusage));
	return result;
}

/* ---- posix_spawn() ---- */

/* Actions on the three standard streams; others have no meaning, since nothing else is inherited. */
struct actions {
	int error;
	int32_t streams[3];
	int opened[3];
};

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	struct actions *own = malloc(sizeof(*own));

	if (!own)
		return ENOMEM;
	*own = (struct actions){ 0, { WB_RUN_INHERIT, WB_RUN_INHERIT, WB_RUN_INHERIT }, { -1, -1, -1 } };
	actions->__actions = own;
	return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
	struct actions *own = actions->__actions;

	for (int i = 0; i < 3; i++)
		if (own->opened[i] >= 0)
			close(own->opened[i]);
	free(own);
	return 0;
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to)
{
	struct actions *own = actions->__actions;

	if (from < 0 || to < 0)
		return EBADF;
	if (to > 2)
		own->error = ENOSYS;
	else
		own->streams[to] = from <= 2 && own->streams[from] != WB_RUN_INHERIT ?
					   own->streams[from] :
					   from;
	return 0;
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd)
{
	struct actions *own = actions->__actions;

	if (fd < 0)
		return EBADF;
	if (fd <= 2)
		own->error = ENOSYS;
	return 0;
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions, int fd,
				     const char *restrict path, int flags, mode_t mode)
{
	struct actions *own = actions->__actions;
	int opened;

	if (fd < 0)
		return EBADF;
	if (fd > 2) {
		own->error = ENOSYS;
		return 0;
	}
	opened = open(path, flags, mode);
	if (opened < 0) {
		own->error = errno;
		return 0;
	}
	if (own->opened[fd] >= 0)
		close(own->opened[fd]);
	own->opened[fd] = own->streams[fd] = opened;
	return 0;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path,
		const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *restrict attributes, char *const *restrict arguments,
		char *const *restrict environment)
{
	int32_t streams[3] = { WB_RUN_INHERIT, WB_RUN_INHERIT, WB_RUN_INHERIT };
	int result;

	if (actions) {
		struct actions *own = actions->__actions;

		if (own->error)
			return own->error;
		memcpy(streams, own->streams, sizeof(streams));
	}
	result = wb_start(path, arguments, environment, streams);
	if (result < 0)
		return -result;
	if (pid)
		*pid = result;
	return 0;
}

extern __typeof(posix_spawn) posix_spawnp __attribute__((alias("posix_spawn")));

/* ---- system() ---- */

int system(const char *command)
{
	char *arguments[] = { "sh", "-c", (char *)command, NULL };
	int32_t streams[3] = { WB_RUN_INHERIT, WB_RUN_INHERIT, WB_RUN_INHERIT };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	int process, status = -1, result;

	if (!command)
		return 1;
	process = wb_start("/bin/sh", arguments, NULL, streams);
	if (process < 0)
		return wb_fail(-process), -1;
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	do
		result = wb_wait(process, &status, 0);
	while (result == -EINTR);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (result < 0)
		return wb_fail(-result), -1;
	return status;
}
