/* SPDX-License-Identifier: MIT */
/*
 * System calls of musl's wrappers: SYS_name is the function
 * __wasm_bpf_SYS_name, which takes six longs. libc's own answer with ENOSYS;
 * the guest library has those that a guest can make sense of, and only what is
 * called gets linked.
 */
#ifndef _INTERNAL_SYSCALL_H
#define _INTERNAL_SYSCALL_H

#include <bits/system-calls.h>
#include <errno.h>
#include <features.h>
#include <sys/syscall.h>

typedef long syscall_arg_t;

#define __scc(value) ((long)(value))

/* Names that do not end in the number of bits. */
#define __wasm_bpf_SYS_fstatat __wasm_bpf_SYS_newfstatat
#define __wasm_bpf_SYS_pread __wasm_bpf_SYS_pread64
#define __wasm_bpf_SYS_pwrite __wasm_bpf_SYS_pwrite64
#define __wasm_bpf_SYS_fadvise __wasm_bpf_SYS_fadvise64
#define __wasm_bpf_SYS_getdents __wasm_bpf_SYS_getdents64

#define __wasm_bpf_call(function, a, b, c, d, e, f, ...) \
	function(__scc(a), __scc(b), __scc(c), __scc(d), __scc(e), __scc(f))

/* NB: each of these pastes the name itself, since passing it on would make a number of it. */
#define __syscall(name, ...) \
	__wasm_bpf_call(__wasm_bpf_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define __syscall_cp(name, ...) \
	__wasm_bpf_call(__wasm_bpf_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define syscall(name, ...) \
	__syscall_ret((unsigned long)__wasm_bpf_call(__wasm_bpf_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0))
#define syscall_cp(name, ...) \
	__syscall_ret((unsigned long)__wasm_bpf_call(__wasm_bpf_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0))
#define __socketcall(name, a, b, c, d, e, f) \
	__wasm_bpf_call(__wasm_bpf_SYS_##name, a, b, c, d, e, f, 0)
#define __socketcall_cp(name, a, b, c, d, e, f) __socketcall(name, a, b, c, d, e, f)
#define socketcall(name, a, b, c, d, e, f) \
	__syscall_ret((unsigned long)__socketcall(name, a, b, c, d, e, f))
#define socketcall_cp(name, a, b, c, d, e, f) socketcall(name, a, b, c, d, e, f)

/* A long has 64 bits: no halves. */
#define __SYSCALL_LL_E(value) (value)
#define __SYSCALL_LL_O(value) (value)
#define __SYSCALL_LL_PRW(value) (value)

void __procfdname(char *name, unsigned fd);

#define SO_RCVTIMEO_OLD 20
#define SO_SNDTIMEO_OLD 21
#define SO_TIMESTAMP_OLD 29
#define SO_TIMESTAMPNS_OLD 35
#define SO_TIMESTAMPING_OLD 37
#define SCM_TIMESTAMP_OLD SO_TIMESTAMP_OLD
#define SCM_TIMESTAMPNS_OLD SO_TIMESTAMPNS_OLD
#define SCM_TIMESTAMPING_OLD SO_TIMESTAMPING_OLD
#define SIOCGSTAMP_OLD 0x8906
#define SIOCGSTAMPNS_OLD 0x8907
#define SYSCALL_RLIM_INFINITY (~0ULL)
#define SYSCALL_MMAP2_UNIT 4096ULL

#endif
