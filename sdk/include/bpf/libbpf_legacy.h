/* SPDX-License-Identifier: MIT */
/* What programs written for older versions of libbpf still use. */
#ifndef WASM_BPF_LIBBPF_LEGACY_H
#define WASM_BPF_LIBBPF_LEGACY_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "libbpf_common.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DECLARE_LIBBPF_OPTS LIBBPF_OPTS

struct bpf_program;
struct bpf_map;
struct btf;
struct btf_ext;

/* Since libbpf 1.0 the strict mode is always on. */
enum libbpf_strict_mode {
	LIBBPF_STRICT_ALL = 0xffffffff,
	LIBBPF_STRICT_NONE = 0,
	LIBBPF_STRICT_CLEAN_PTRS = 1,
	LIBBPF_STRICT_DIRECT_ERRS = 2,
	LIBBPF_STRICT_SEC_NAME = 4,
	LIBBPF_STRICT_NO_OBJECT_LIST = 8,
	LIBBPF_STRICT_AUTO_RLIMIT_MEMLOCK = 16,
	LIBBPF_STRICT_MAP_DEFINITIONS = 32,
	__LIBBPF_STRICT_LAST,
};

/* Does nothing; 0. */
LIBBPF_API int libbpf_set_strict_mode(enum libbpf_strict_mode mode);

/* 0 for a pointer, -errno for NULL: right after the function that returned it. */
LIBBPF_API long libbpf_get_error(const void *ptr);

/* Other names of btf__load_vmlinux_btf() and of getters. */
LIBBPF_API struct btf *libbpf_find_kernel_btf(void);
LIBBPF_API enum bpf_prog_type bpf_program__get_type(const struct bpf_program *prog);
LIBBPF_API enum bpf_attach_type bpf_program__get_expected_attach_type(const struct bpf_program *prog);
LIBBPF_API const char *bpf_map__get_pin_path(const struct bpf_map *map);
LIBBPF_API const void *btf__get_raw_data(const struct btf *btf, __u32 *size);
LIBBPF_API const void *btf_ext__get_raw_data(const struct btf_ext *btf_ext, __u32 *size);

#ifdef __cplusplus
}
#endif

#endif
