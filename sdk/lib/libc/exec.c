/* SPDX-License-Identifier: MIT */
/*
 * exec: in a child of fork(), the program is what the parent waits for. A guest that is not a child waits for the
 * program and ends with its status.
 */
#define _GNU_SOURCE
#include "child.h"
#include "internal.h"
#include "process.h"
#include <bits/system-calls.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the C library, where the program changes its directory. */
extern char *__wasilibc_cwd __attribute__((weak));

/* A descriptor of the directory, 0 where it is the host's; or -errno. */
static int open_directory(void)
{
	char own[4096];
	int length, fd;

	if (!&__wasilibc_cwd)
		return 0;
	length = wb_system_text(WB_TEXT_DIRECTORY, wb_address(own), sizeof(own));
	if (length == (int)strlen(__wasilibc_cwd) && !memcmp(own, __wasilibc_cwd, (size_t)length))
		return 0;
	fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int start(const char *program, char *const *arguments, char *const *environment)
{
	static char *const none[] = { NULL };
	struct wb_run_start request = {
		.standard_input = WB_RUN_INHERIT,
		.standard_output = WB_RUN_INHERIT,
		.standard_error = WB_RUN_INHERIT,
		.program_at = wb_address(program),
		.flags = WB_RUN_ALL_DESCRIPTORS,
	};
	bool ends_child = wb_in_child && wb_in_child();
	int directory = open_directory(), process, status, result;

	if (directory < 0)
		return directory;
	request.directory = (uint32_t)directory;
	if (ends_child)
		request.flags |= WB_RUN_ENDS_CHILD;
	process = wb_start_request(&request, arguments, environment ? environment : none);
	if (process < 0) {
		if (directory)
			close(directory);
		return process;
	}
	if (ends_child)
		wb_end_child(process);
	do
		result = wb_wait(process, &status, 0);
	while (result == -EINTR);
	_Exit(result < 0 ? 127 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

long __wasm_bpf_SYS_execve(long program, long arguments, long environment, long d, long e, long f)
{
	const char *path = (const char *)program;

	/* Nothing is looked up: what has no slash is in the directory. */
	if (!strchr(path, '/')) {
		size_t length = strlen(path);
		char *here = malloc(length + 3);
		long result = -ENOMEM;

		if (here) {
			memcpy(here, "./", 2);
			memcpy(here + 2, path, length + 1);
			result = *path ? start(here, (char *const *)arguments, (char *const *)environment) : -ENOENT;
		}
		free(here);
		return result;
	}
	return start(path, (char *const *)arguments, (char *const *)environment);
}

/* The host looks it up, in its own PATH: a guest's need not say where programs are. */
int execvpe(const char *program, char *const arguments[], char *const environment[])
{
	return wb_fail(-start(program, arguments, environment)), -1;
}

int execvp(const char *program, char *const arguments[])
{
	return execvpe(program, arguments, environ);
}
