/* SPDX-License-Identifier: MIT */
/* setjmp() and longjmp(), by exceptions of WebAssembly: compile with -mllvm -wasm-enable-sjlj. */
#ifndef _SETJMP_H
#define _SETJMP_H

#include <features.h>
#include <bits/setjmp.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct __jmp_buf_tag {
	__jmp_buf __jb;
	unsigned long __fl; /* whether there is a mask */
	unsigned long __ss[128 / sizeof(long)];
} jmp_buf[1];

/* NB: the compiler knows these two by their names. */
int setjmp(jmp_buf) __attribute__((__returns_twice__));
_Noreturn void longjmp(jmp_buf, int);

#if defined(__wasm_exception_handling__) && __clang_major__ >= 19
#define setjmp setjmp
#else
int __wasm_bpf_no_setjmp(void)
	__attribute__((__error__("setjmp needs exceptions: compile with clang 19 or newer and -mllvm -wasm-enable-sjlj")));
#define setjmp(place) __wasm_bpf_no_setjmp()
#endif

#if defined(_POSIX_SOURCE) || defined(_POSIX_C_SOURCE) || defined(_XOPEN_SOURCE) || defined(_GNU_SOURCE) || \
	defined(_BSD_SOURCE)
typedef jmp_buf sigjmp_buf;
struct __jmp_buf_tag *__wasm_bpf_save_mask(sigjmp_buf, int);
#define sigsetjmp(place, saves) setjmp(__wasm_bpf_save_mask(place, saves))
_Noreturn void siglongjmp(sigjmp_buf, int);
#endif

#if defined(_XOPEN_SOURCE) || defined(_GNU_SOURCE) || defined(_BSD_SOURCE)
#define _setjmp(place) setjmp(place)
#define _longjmp(place, value) longjmp(place, value)
#endif

#ifdef __cplusplus
}
#endif

#endif
