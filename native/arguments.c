#include "arguments.h"

#include <stdio.h>
#include <string.h>

static const char *const wanted[] = {
	[I32] = "a number",
	[U32] = "a number",
	[I64] = "a number",
	[U64] = "a bigint",
	[ADDRESS] = "a bigint or undefined",
	[BYTES] = "a Uint8Array or Uint32Array",
	[BUFFER] = "an ArrayBuffer",
	[TEXT] = "a string",
	[WORD] = "a number, a bigint or a Uint8Array",
};

static bool take_number(napi_env env, napi_value given, struct value *value)
{
	int64_t number = 0;
	bool good = napi_get_value_int64(env, given, &number) == napi_ok;

	value->number = (uint64_t)number;
	return good;
}

static bool take_bigint(napi_env env, napi_value given, struct value *value)
{
	bool lossless;

	return napi_get_value_bigint_uint64(env, given, &value->number, &lossless) == napi_ok;
}

/*
 * SAFETY: after this call V8 keeps the array's memory outside its moving heap, so the address stays valid for as long
 * as the caller holds the array.
 */
static bool take_bytes(napi_env env, napi_value given, struct value *value)
{
	napi_typedarray_type type;

	if (napi_get_typedarray_info(env, given, &type, &value->size, &value->at, NULL, NULL) != napi_ok)
		return false;
	if (type == napi_uint32_array)
		value->size *= sizeof(uint32_t);
	value->number = (uintptr_t)value->at;
	return type == napi_uint8_array || type == napi_uint32_array;
}

static bool take_text(napi_env env, napi_value given, struct value *value, char *into, size_t size)
{
	size_t length = 0;

	if (napi_get_value_string_utf8(env, given, into, size, &length) != napi_ok)
		return false;
	/* Nothing is called "": the call will answer that there is no such thing. */
	if (length == size - 1 || strlen(into) != length)
		into[0] = '\0';
	value->at = into;
	return true;
}

static bool take(struct arguments *arguments, napi_value given, struct value *value, enum kind kind)
{
	napi_env env = arguments->env;
	napi_valuetype type = napi_undefined;

	switch (kind) {
	case NONE:
		return true;
	case I32:
	case U32:
	case I64:
		return take_number(env, given, value);
	case U64:
		return take_bigint(env, given, value);
	case BYTES:
		return take_bytes(env, given, value);
	case BUFFER:
		return napi_get_arraybuffer_info(env, given, &value->at, &value->size) == napi_ok;
	case TEXT:
		return take_text(env, given, value, arguments->text, sizeof arguments->text);
	case ADDRESS:
		value->number = 0;
		return (napi_typeof(env, given, &type) == napi_ok && type == napi_undefined) ||
		       take_bigint(env, given, value);
	case WORD:
		if (napi_typeof(env, given, &type) != napi_ok)
			return false;
		if (type == napi_number)
			return take_number(env, given, value);
		return type == napi_bigint ? take_bigint(env, given, value) : take_bytes(env, given, value);
	}
	return false;
}

bool arguments_begin(struct arguments *arguments, napi_env env, napi_callback_info info)
{
	arguments->env = env;
	arguments->count = MAX_ARGUMENTS;
	if (napi_get_cb_info(env, info, &arguments->count, arguments->given, NULL, &arguments->data) != napi_ok)
		return false;
	/* NB: the count is that of the call, not of what there was room for. */
	if (arguments->count <= MAX_ARGUMENTS)
		return true;
	napi_throw_type_error(env, NULL, "wasm-bpf addon: too many arguments");
	return false;
}

bool arguments_take(struct arguments *arguments, const char *function, size_t i, enum kind kind)
{
	char message[128];

	if (take(arguments, arguments->given[i], &arguments->values[i], kind))
		return true;
	snprintf(message, sizeof message, "wasm-bpf addon: argument %zu of %s must be %s", i + 1, function, wanted[kind]);
	napi_throw_type_error(arguments->env, NULL, message);
	return false;
}

bool arguments_take_all(struct arguments *arguments, const char *function, const enum kind *kinds)
{
	for (size_t i = 0; kinds[i] != NONE; i++) {
		if (!arguments_take(arguments, function, i, kinds[i]))
			return false;
	}
	return true;
}

napi_value number_answer(napi_env env, int64_t number)
{
	napi_value value = NULL;

	napi_create_int64(env, number, &value);
	return value;
}
