#include "addresses.h"

#include <stdlib.h>
#include <wasm-bpf/abi2.h>

uint32_t *wb_addresses(const void *const *pointers, size_t count)
{
	uint32_t *addresses = calloc(count ? count : 1, sizeof(*addresses));

	for (size_t i = 0; addresses && i < count; i++)
		addresses[i] = wb_address(pointers[i]);
	return addresses;
}
