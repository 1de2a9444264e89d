/* SPDX-License-Identifier: MIT */
/* sigsetjmp() and siglongjmp(): jumps that restore the mask of blocked signals. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

struct __jmp_buf_tag *__wasm_bpf_save_mask(sigjmp_buf place, int saves)
{
	place->__fl = saves != 0;
	if (saves)
		sigprocmask(SIG_SETMASK, NULL, (sigset_t *)place->__ss);
	return place;
}

_Noreturn void siglongjmp(sigjmp_buf place, int value)
{
	if (place->__fl)
		sigprocmask(SIG_SETMASK, (const sigset_t *)place->__ss, NULL);
	longjmp(place, value);
}
