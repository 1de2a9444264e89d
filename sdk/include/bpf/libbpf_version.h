/* SPDX-License-Identifier: MIT */
/* The version of libbpf whose interface and behaviour the guest library has. */
#ifndef WASM_BPF_LIBBPF_VERSION_H
#define WASM_BPF_LIBBPF_VERSION_H

#define LIBBPF_MAJOR_VERSION 1
#define LIBBPF_MINOR_VERSION 8

#endif
