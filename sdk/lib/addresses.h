/* Arrays of pointers as imports take them: 32-bit addresses. */
#ifndef WASM_BPF_ADDRESSES_H
#define WASM_BPF_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

/** The addresses of `count` pointers, to be freed; NULL without memory. */
uint32_t *wb_addresses(const void *const *pointers, size_t count);

#endif
