/* Names as the kernel keeps them. */
#ifndef WASM_BPF_NAMES_H
#define WASM_BPF_NAMES_H

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <wasm-bpf/abi2.h>

/** Copies as much of a name as the kernel keeps. The address for a request: 0 when there is no name. */
static inline uint32_t wb_kernel_name(char copy[BPF_OBJ_NAME_LEN], const char *name)
{
	size_t length;

	if (!name)
		return 0;
	length = strnlen(name, BPF_OBJ_NAME_LEN - 1);
	memcpy(copy, name, length);
	copy[length] = '\0';
	return wb_address(copy);
}

#endif
