/* SPDX-License-Identifier: MIT */
/*
 * setjmp() and longjmp(). The compiler wraps the calls of a function that uses
 * setjmp() in a try block of WebAssembly (-mllvm -wasm-enable-sjlj); longjmp()
 * throws, and each such function on the way asks whether it is the one that is
 * meant. The names of these functions are LLVM's, from version 19 on.
 */
#include "unwound.h"
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The number that LLVM gives to the tag __c_longjmp, whose parameter is a pointer. */
#define TAG_LONGJMP 1

/* What a jmp_buf holds. */
struct place {
	void *frame; /* a local variable of the call of the function that called setjmp() */
	uint32_t label; /* which of its calls of setjmp() it was, never 0 */
	struct { /* as the compiled code reads it */
		struct place *place;
		int value;
	} thrown;
};
_Static_assert(sizeof(struct place) <= sizeof(__jmp_buf), "fits into the part that is the machine's");

void __wasm_setjmp(struct place *place, uint32_t label, void *frame)
{
	place->frame = frame;
	place->label = label;
}

/* The label, when this call of a function is the one that is meant; 0 otherwise. */
uint32_t __wasm_setjmp_test(const struct place *place, const void *frame)
{
	return place->frame == frame ? place->label : 0;
}

_Noreturn void __wasm_longjmp(struct place *place, int value)
{
	char here;

	/* The stack grows towards lower addresses. */
	if ((uintptr_t)place->frame < (uintptr_t)&here) {
		fputs("longjmp: the function that called setjmp has returned\n", stderr);
		abort();
	}
	wb_unwound_to(place->frame);
	place->thrown.place = place;
	place->thrown.value = value ? value : 1;
	__builtin_wasm_throw(TAG_LONGJMP, &place->thrown);
}
