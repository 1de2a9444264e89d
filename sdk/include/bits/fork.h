/* SPDX-License-Identifier: MIT */
/*
 * fork() and vfork() of guests: part of <unistd.h>. They return twice, as setjmp() does, so that their calls have to be
 * in the function that calls them.
 */
#ifndef _BITS_FORK_H
#define _BITS_FORK_H

#ifdef __cplusplus
extern "C" {
#endif

#if __clang_major__ < 19
/* Those of the library, which say what is missing. */
int fork(void);
int vfork(void);
int _Fork(void);
#else

struct __wasm_bpf_fork {
	unsigned long __place[8]; /* as of setjmp() */
	struct __wasm_bpf_fork *__outer;
};

int __wasm_bpf_fork_begin(struct __wasm_bpf_fork *);
int __wasm_bpf_fork_end(int);
int __wasm_bpf_setjmp(struct __wasm_bpf_fork *) __asm__("setjmp") __attribute__((__returns_twice__));

static inline __attribute__((__always_inline__, __returns_twice__, __unused__)) int fork(void)
{
	struct __wasm_bpf_fork __here;
	int __process = __wasm_bpf_setjmp(&__here);

	return __process ? __wasm_bpf_fork_end(__process) : __wasm_bpf_fork_begin(&__here);
}

static inline __attribute__((__always_inline__, __returns_twice__, __unused__)) int vfork(void)
{
	return fork();
}

static inline __attribute__((__always_inline__, __returns_twice__, __unused__)) int _Fork(void)
{
	return fork();
}

#endif

#ifdef __cplusplus
}
#endif

#endif
