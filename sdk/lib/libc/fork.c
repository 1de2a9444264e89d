/* SPDX-License-Identifier: MIT */
/*
 * fork(): a guest cannot be copied. The child runs first, in the parent's place, until it starts a program or ends;
 * then the host makes the guest's memory and descriptors what they were, and fork() returns a second time, with the
 * process. The inline half, which calls setjmp() in the program's own function, is <bits/fork.h>.
 */
#define _GNU_SOURCE
#include "child.h"
#include "internal.h"
#include "signals.h"
#include <bits/fork.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Where the fork() of the child that runs is to return. */
static struct __wasm_bpf_fork *current;

int __wasm_bpf_fork_begin(struct __wasm_bpf_fork *here)
{
	int result;

	here->__outer = current;
	current = here;
	result = wb_run_fork(WB_FORK_BEGIN, 0);
	if (!result)
		return 0;
	current = here->__outer;
	wb_fail(-result);
	return -1;
}

int __wasm_bpf_fork_end(int process)
{
	current = current->__outer;
	wb_restore_signals();
	return process;
}

bool wb_in_child(void)
{
	char here;

	/* The stack grows towards lower addresses. */
	if (current && (uintptr_t)current < (uintptr_t)&here) {
		fputs("fork: the child has returned from the function that called fork\n", stderr);
		abort();
	}
	return current;
}

/* NB: from the call of the host on that ends the child, all memory is what it was before the child began. */
_Noreturn void wb_end_child(int process)
{
	longjmp((struct __jmp_buf_tag *)current, process);
}

void __wasm_bpf_child_exit(int status)
{
	int process;

	if (!wb_in_child())
		return;
	process = wb_run_fork(WB_FORK_EXIT, status);
	if (process > 0)
		wb_end_child(process);
	fprintf(stderr, "fork: the child cannot end: %s\n", wb_error_name(process));
	abort();
}
