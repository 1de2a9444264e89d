/* SPDX-License-Identifier: MIT */
/*
 * libbpf's header of the machine, and what programs written for libbpf 1.8 find
 * in it that older ones (Debian 12: 1.1) lack.
 */
#include_next <bpf/bpf_helpers.h>

#ifndef WASM_BPF_BPF_HELPERS_H
#define WASM_BPF_BPF_HELPERS_H

#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

/* Whether a kernel function or variable declared `__ksym __weak` exists. */
#ifndef bpf_ksym_exists
#define bpf_ksym_exists(sym) (!!(sym))
#endif

/* What the verifier is told about arguments of global functions. */
#ifndef __arg_ctx
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))
#define __arg_nullable __attribute__((btf_decl_tag("arg:nullable")))
#define __arg_trusted __attribute__((btf_decl_tag("arg:trusted")))
#define __arg_untrusted __attribute__((btf_decl_tag("arg:untrusted")))
#define __arg_arena __attribute__((btf_decl_tag("arg:arena")))
#endif

/*
 * Loops over the kernel's open-coded iterators (Linux 6.4): the element `cur` is
 * a pointer, null at the end. `bpf_for` counts an integer from `start` up to,
 * without, `end`; `bpf_repeat` only repeats.
 */
#ifndef bpf_for_each
#define bpf_for_each(type, cur, args...)                                        \
	for (struct bpf_iter_##type wb_it __attribute__((                       \
		     aligned(8), cleanup(bpf_iter_##type##_destroy))),          \
	     *wb_started __attribute__((unused)) =                              \
		     (bpf_iter_##type##_new(&wb_it, ##args),                    \
		      /* Without a use, clang describes no destroy function. */ \
		      (void)bpf_iter_##type##_destroy, (void *)0);              \
	     ((cur) = bpf_iter_##type##_next(&wb_it));)
#endif
#if !defined(bpf_for) || !defined(bpf_repeat)
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;
#define WASM_BPF_COUNT(start, end, condition)                                   \
	for (struct bpf_iter_num wb_it __attribute__((                          \
		     aligned(8), cleanup(bpf_iter_num_destroy))),               \
	     *wb_started __attribute__((unused)) =                              \
		     (bpf_iter_num_new(&wb_it, (start), (end)),                 \
		      (void)bpf_iter_num_destroy, (void *)0);                   \
	     ({                                                                 \
		     int *wb_number = bpf_iter_num_next(&wb_it);                \
		     (condition);                                               \
	     });)
#endif
#ifndef bpf_for
/* NB: the comparisons are what tells the verifier the range. */
#define bpf_for(i, start, end)                                                  \
	WASM_BPF_COUNT(start, end, wb_number && ((i) = *wb_number,              \
						 (i) >= (start) && (i) < (end)))
#endif
#ifndef bpf_repeat
#define bpf_repeat(count) WASM_BPF_COUNT(0, count, wb_number)
#endif

#endif
