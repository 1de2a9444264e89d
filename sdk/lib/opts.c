#include "opts.h"

#include "internal.h"

bool wb_all_zero(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < size; i++) {
		if (at[i])
			return false;
	}
	return true;
}

bool wb_opts_valid(const void *opts, size_t known, size_t size, const char *type)
{
	if (size < sizeof(size_t)) {
		wb_warn("%s size (%zu) is too small\n", type, size);
		return false;
	}
	if (size > known && !wb_all_zero((const char *)opts + known, size - known)) {
		wb_warn("%s has non-zero extra bytes\n", type);
		return false;
	}
	return true;
}
