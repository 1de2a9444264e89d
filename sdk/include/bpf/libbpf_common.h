/* SPDX-License-Identifier: MIT */
/* What all headers of libbpf share: structs of options, and how a function is declared. */
#ifndef WASM_BPF_LIBBPF_COMMON_H
#define WASM_BPF_LIBBPF_COMMON_H

#include <string.h>
#include "libbpf_version.h"

#ifndef LIBBPF_API
#define LIBBPF_API __attribute__((visibility("default")))
#endif

#define LIBBPF_DEPRECATED(msg) __attribute__((deprecated(msg)))

/*
 * Declares a struct of options: all zero, padding too, with `sz` set, and the
 * fields that are given, as in LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = true).
 */
#define LIBBPF_OPTS(TYPE, NAME, ...)                                         \
	struct TYPE NAME = ({                                                \
		memset(&NAME, 0, sizeof(struct TYPE));                       \
		(struct TYPE){ .sz = sizeof(struct TYPE), __VA_ARGS__ };     \
	})

/* The same for a struct that exists. */
#define LIBBPF_OPTS_RESET(NAME, ...)                                         \
	do {                                                                 \
		typeof(NAME) ___##NAME = ({                                  \
			memset(&___##NAME, 0, sizeof(NAME));                 \
			(typeof(NAME)){ .sz = sizeof(NAME), __VA_ARGS__ };   \
		});                                                          \
		memcpy(&NAME, &___##NAME, sizeof(NAME));                     \
	} while (0)

#endif
