/* SPDX-License-Identifier: MIT */
/* For imports that wait: signals are handled when they return -EINTR. */
#ifndef WASM_BPF_SIGNALS_H
#define WASM_BPF_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* In signal.c, which is there when the program handles signals. */
__attribute__((weak)) void __wasm_bpf_run_signal_handlers(void);
__attribute__((weak)) int __wasm_bpf_signals_let_restart(void);
extern volatile uint32_t __wasm_bpf_signals_pending __attribute__((weak));
extern unsigned __wasm_bpf_signals_handled __attribute__((weak));

/** Runs the handlers; whether the call is to be made again, since all of them were set with SA_RESTART. */
static inline bool wb_signals_let_restart(void)
{
	return !__wasm_bpf_signals_let_restart || __wasm_bpf_signals_let_restart();
}

static inline void wb_run_signal_handlers(void)
{
	if (__wasm_bpf_run_signal_handlers)
		__wasm_bpf_run_signal_handlers();
}

/** The same after a call that did not wait: only when the host has said that there are some. */
static inline void wb_run_pending_signals(void)
{
	if (&__wasm_bpf_signals_pending && __wasm_bpf_signals_pending)
		__wasm_bpf_run_signal_handlers();
}

/** How many handlers have run. */
static inline unsigned wb_handled_signals(void)
{
	return &__wasm_bpf_signals_handled ? __wasm_bpf_signals_handled : 0;
}

/** Runs the handlers; whether there was one. What is blocked or ignored ends no call. */
static inline bool wb_signals_were_handled(void)
{
	unsigned before = wb_handled_signals();

	wb_run_signal_handlers();
	return wb_handled_signals() != before;
}

/* NB: the host has what a child of fork() made of them. */
__attribute__((weak)) void __wasm_bpf_restore_signals(void);

/** Tells the host again what is to happen with each signal. */
static inline void wb_restore_signals(void)
{
	if (__wasm_bpf_restore_signals)
		__wasm_bpf_restore_signals();
}

#endif
