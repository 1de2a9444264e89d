/* SPDX-License-Identifier: MIT */
/*
 * setjmp() works as long as nobody jumps: WebAssembly cannot leave several
 * functions at once, except by exceptions, for which programs are not compiled.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#undef setjmp
#undef sigsetjmp

int setjmp(jmp_buf place)
{
	(void)place;
	return 0;
}

extern __typeof(setjmp) _setjmp __attribute__((alias("setjmp")));

int sigsetjmp(sigjmp_buf place, int mask)
{
	(void)place;
	(void)mask;
	return 0;
}

extern __typeof(sigsetjmp) __sigsetjmp __attribute__((alias("sigsetjmp")));

_Noreturn void longjmp(jmp_buf place, int value)
{
	(void)place;
	fprintf(stderr, "longjmp(%d): a guest cannot leave several functions at once\n", value);
	abort();
}

extern __typeof(longjmp) _longjmp __attribute__((alias("longjmp")));
extern __typeof(longjmp) siglongjmp __attribute__((alias("longjmp")));
