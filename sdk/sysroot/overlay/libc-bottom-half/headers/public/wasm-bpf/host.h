/* SPDX-License-Identifier: MIT */
/* What the C library asks the guest library (sdk/lib), which asks the host. */
#ifndef WASM_BPF_HOST_H
#define WASM_BPF_HOST_H

#ifdef __cplusplus
extern "C" {
#endif

/* CPUs that are online, or configured. */
int __wasm_bpf_host_cpus(int configured);

/* Bytes in a page of the kernel. */
long __wasm_bpf_host_page_size(void);

/* What TZ means when it is not set: a name for __map_file(), or a rule. */
const char *__wasm_bpf_host_time_zone(void);

/* Runs the handlers of pending signals: after each import that returned EINTR. In programs that handle signals. */
void __wasm_bpf_run_signal_handlers(void);

/* The same; whether calls like read() go on as if nothing had happened. */
int __wasm_bpf_signals_let_restart(void);

#ifdef __cplusplus
}
#endif

#endif
