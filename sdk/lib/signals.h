/* SPDX-License-Identifier: MIT */
/* For imports that wait: signals are handled when they return -EINTR. */
#ifndef WASM_BPF_SIGNALS_H
#define WASM_BPF_SIGNALS_H

#include <stdbool.h>

/* In signal.c, which is there when the program handles signals. */
__attribute__((weak)) void __wasm_bpf_run_signal_handlers(void);
__attribute__((weak)) int __wasm_bpf_signals_let_restart(void);

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

#endif
