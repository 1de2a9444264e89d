/*
 * Structs of options, which begin with their own size `sz`: fields past it are
 * not there, and what a newer program has beyond the fields that this library
 * knows must be zero.
 */
#ifndef WASM_BPF_OPTS_H
#define WASM_BPF_OPTS_H

#include <stdbool.h>
#include <stddef.h>

/** Whether a struct of options can be read: it has a size, and nothing unknown is set. Warns otherwise. */
bool wb_opts_valid(const void *opts, size_t known, size_t size, const char *type);

/** Whether all bytes are zero. */
bool wb_all_zero(const void *bytes, size_t size);

#define wb_end_of(TYPE, FIELD) (offsetof(TYPE, FIELD) + sizeof(((TYPE *)0)->FIELD))

/** Whether `opts`, which may be NULL, is a valid struct of options of TYPE. */
#define WB_OPTS_VALID(opts, TYPE) \
	(!(opts) || wb_opts_valid(opts, wb_end_of(struct TYPE, TYPE##__last_field), (opts)->sz, #TYPE))

/** Whether `opts` reaches to the end of FIELD. */
#define WB_OPTS_HAS(opts, FIELD) ((opts) && (opts)->sz >= wb_end_of(typeof(*(opts)), FIELD))

/** A field, or `fallback` where the caller's struct has none. */
#define WB_OPTS_GET(opts, FIELD, fallback) (WB_OPTS_HAS(opts, FIELD) ? (opts)->FIELD : (fallback))

/** Writes a field that the caller's struct has. */
#define WB_OPTS_SET(opts, FIELD, value) \
	do { \
		if (WB_OPTS_HAS(opts, FIELD)) \
			(opts)->FIELD = (value); \
	} while (0)

/** Whether nothing is set past FIELD. */
#define WB_OPTS_ENDS_WITH(opts, FIELD) \
	(!(opts) || (opts)->sz <= wb_end_of(typeof(*(opts)), FIELD) || \
	 wb_all_zero((const char *)(opts) + wb_end_of(typeof(*(opts)), FIELD), \
		     (opts)->sz - wb_end_of(typeof(*(opts)), FIELD)))

#endif
