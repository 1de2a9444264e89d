/*
 * The arguments that JavaScript passes to a function of the addon, taken apart.
 *
 * Each kind is a constant, which says what JavaScript has to pass, and a macro, which says what a C function gets for
 * the argument with that number. A list of kinds ends with NONE.
 */
#ifndef WASM_BPF_ARGUMENTS_H
#define WASM_BPF_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAPI_VERSION 8
#include <node_api.h>

#define MAX_ARGUMENTS 16

enum kind {
	NONE,
	I32,     /* number */
	U32,     /* number */
	I64,     /* number: whole, up to 2^53 */
	U64,     /* bigint */
	ADDRESS, /* bigint, undefined is 0 */
	BYTES,   /* Uint8Array or Uint32Array: its address and its size */
	BUFFER,  /* ArrayBuffer: its address and its size */
	TEXT,    /* string: with NUL at the end, "" when it has a NUL in it or is longer than any path; one per call */
	WORD,    /* number, bigint, or an array of BYTES whose address it is */
};

#define NONE(i)
#define I32(i) (int32_t)values[i].number
#define U32(i) (uint32_t)values[i].number
#define I64(i) (int64_t)values[i].number
#define U64(i) values[i].number
#define ADDRESS(i) values[i].number
#define BYTES(i) values[i].at, values[i].size
#define BUFFER(i) values[i].at, values[i].size
#define TEXT(i) (const char *)values[i].at
#define WORD(i) values[i].number

struct value {
	uint64_t number;
	void *at;
	size_t size;
};

struct arguments {
	napi_env env;
	/* What the function was defined with. */
	void *data;
	size_t count;
	napi_value given[MAX_ARGUMENTS];
	struct value values[MAX_ARGUMENTS];
	char text[4097];
};

/* False when Node.js refuses, or, with a TypeError thrown, when there are too many. */
bool arguments_begin(struct arguments *arguments, napi_env env, napi_callback_info info);
/* Reads argument `i` into its value. False, with a TypeError thrown, when it is of another kind. */
bool arguments_take(struct arguments *arguments, const char *function, size_t i, enum kind kind);
/* The same for the first arguments, one for each kind. */
bool arguments_take_all(struct arguments *arguments, const char *function, const enum kind *kinds);

/* What most functions answer. */
napi_value number_answer(napi_env env, int64_t number);

#endif
