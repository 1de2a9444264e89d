/* SPDX-License-Identifier: MIT */
/* fork() of programs that were compiled without exceptions: where there are, it is inline in <unistd.h>. */
#include <errno.h>
#include <stdio.h>

/* NB: other names here, since the header has functions of those. */
int no_fork(void) __asm__("fork");
int no_vfork(void) __asm__("vfork");
int no_Fork(void) __asm__("_Fork");

int no_fork(void)
{
	fputs("fork needs exceptions: compile with clang 19 or newer and -mllvm -wasm-enable-sjlj\n", stderr);
	errno = ENOSYS;
	return -1;
}

int no_vfork(void)
{
	return no_fork();
}

int no_Fork(void)
{
	return no_fork();
}
