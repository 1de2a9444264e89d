/* SPDX-License-Identifier: MIT */
/* libbpf's header of the machine, and what libbpf 1.8 adds to older ones. */
#include_next <bpf/bpf_core_read.h>

#ifndef WASM_BPF_BPF_CORE_READ_H
#define WASM_BPF_BPF_CORE_READ_H

/* A pointer that may be read like one that the verifier trusts (Linux 6.4). */
#ifndef bpf_core_cast
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
#define bpf_core_cast(ptr, type) \
	((__typeof__(type) *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(type)))
#endif

#endif
