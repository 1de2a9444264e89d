/* SPDX-License-Identifier: MIT */
/*
 * Calls of the library that call back, and that longjmp() can leave behind: each has a node on the stack, so that what
 * is under way is told from what was left.
 */
#ifndef WASM_BPF_UNWOUND_H
#define WASM_BPF_UNWOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_call {
	const void *of; /* what is busy */
	struct wb_call *outer;
};

/* In record-batch.c, which is linked where something has to know. */
extern struct wb_call *wb_calls __attribute__((weak));

/** Whether one of its calls is under way. */
static inline bool wb_is_busy(const void *object)
{
	for (const struct wb_call *call = wb_calls; call; call = call->outer)
		if (call->of == object)
			return true;
	return false;
}

/** Forgets the calls that a jump to the function with this local variable leaves. */
static inline void wb_unwound_to(const void *frame)
{
	if (!&wb_calls)
		return;
	/* The stack grows towards lower addresses. */
	while (wb_calls && (uintptr_t)wb_calls < (uintptr_t)frame)
		wb_calls = wb_calls->outer;
}

#endif
