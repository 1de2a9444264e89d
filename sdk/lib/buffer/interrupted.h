#ifndef WASM_BPF_INTERRUPTED_H
#define WASM_BPF_INTERRUPTED_H

/* In signal.c, which is linked where the program handles signals. */
__attribute__((weak)) void __wasm_bpf_run_signal_handlers(void);

/** To be called when an import returned -EINTR: runs the handlers of the signals that came. */
static inline void wb_interrupted(void)
{
	if (__wasm_bpf_run_signal_handlers)
		__wasm_bpf_run_signal_handlers();
}

#endif
