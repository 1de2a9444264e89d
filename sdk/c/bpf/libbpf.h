/* SPDX-License-Identifier: MIT */
/*
 * What skeletons of `bpftool gen skeleton` include. In a guest it is
 * libbpf-wasm.h, in a native program libbpf's own header.
 */
#ifndef __wasm__
#include_next <bpf/libbpf.h>
#elif !defined(WASM_BPF_BPF_LIBBPF_H)
#define WASM_BPF_BPF_LIBBPF_H

#include "../libbpf-wasm.h"

/* The type of a `__kconfig` variable for options that can be modules. */
enum libbpf_tristate {
	TRI_NO = 0,
	TRI_YES = 1,
	TRI_MODULE = 2,
};

#endif
