/*
 * Node-API glue: takes JavaScript values apart, makes the system call, returns its result. No policy, no state besides
 * the list of mappings of each environment (the main thread and every worker have their own).
 *
 * Arguments of a wrong kind throw a TypeError; they are mistakes in src/sys, not something a caller can cause.
 */
#include "arguments.h"
#include "mappings.h"
#include "signals.h"
#include "syscalls.h"
#include "watch.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A list of kinds as the arguments of a C function: `I32, BYTES` become `I32(0), BYTES(1)`. */
#define PASS(...) PICK(__VA_ARGS__, PASS7, PASS6, PASS5, PASS4, PASS3, PASS2, PASS1, )(__VA_ARGS__)
#define PICK(a, b, c, d, e, f, g, picked, ...) picked
#define PASS1(a) a(0)
#define PASS2(a, b) PASS1(a), b(1)
#define PASS3(a, b, c) PASS2(a, b), c(2)
#define PASS4(a, b, c, d) PASS3(a, b, c), d(3)
#define PASS5(a, b, c, d, e) PASS4(a, b, c, d), e(4)
#define PASS6(a, b, c, d, e, f) PASS5(a, b, c, d, e), f(5)
#define PASS7(a, b, c, d, e, f, g) PASS6(a, b, c, d, e, f), g(6)

#define CALL(name, function, ...) \
	static int64_t run_##name(const struct value *values) \
	{ \
		(void)values; \
		return function(PASS(__VA_ARGS__)); \
	}
#include "calls.h"

static const struct call {
	const char *name;
	int64_t (*run)(const struct value *values);
	enum kind kinds[8];
} calls[] = {
#define CALL(name, function, ...) { #name, run_##name, { __VA_ARGS__ } },
#include "calls.h"
};

static napi_value js_call(napi_env env, napi_callback_info info)
{
	struct arguments arguments;
	const struct call *call;

	if (!arguments_begin(&arguments, env, info))
		return NULL;
	call = arguments.data;
	if (!arguments_take_all(&arguments, call->name, call->kinds))
		return NULL;
	return number_answer(env, call->run(arguments.values));
}

/* bpf(cmd, attr, offset, bytes, ...): each pair puts the address of `bytes` at `offset` of attr. */
static napi_value js_bpf(napi_env env, napi_callback_info info)
{
	static const enum kind kinds[] = { I32, BYTES, NONE };
	struct arguments arguments;
	const struct value *values = arguments.values;
	uint8_t *attr;
	size_t size;

	if (!arguments_begin(&arguments, env, info) || !arguments_take_all(&arguments, "bpf", kinds))
		return NULL;
	attr = values[1].at;
	size = values[1].size;
	for (size_t i = 2; i + 1 < arguments.count; i += 2) {
		size_t offset;
		uint64_t address;

		if (!arguments_take(&arguments, "bpf", i, U32) || !arguments_take(&arguments, "bpf", i + 1, BYTES))
			return NULL;
		offset = U32(i);
		address = (uintptr_t)values[i + 1].at;
		if (size < sizeof address || offset > size - sizeof address)
			return number_answer(env, -EINVAL);
		memcpy(attr + offset, &address, sizeof address);
	}
	return number_answer(env, sys_bpf(I32(0), attr, (uint32_t)size));
}

static napi_value js_address_of(napi_env env, napi_callback_info info)
{
	static const enum kind kinds[] = { BYTES, NONE };
	struct arguments arguments;
	napi_value value = NULL;

	if (!arguments_begin(&arguments, env, info) || !arguments_take_all(&arguments, "addressOf", kinds))
		return NULL;
	napi_create_bigint_uint64(env, (uintptr_t)arguments.values[0].at, &value);
	return value;
}

NAPI_MODULE_INIT()
{
	enum { OWN = 8 };
	struct mapping **mappings = mappings_new();
	napi_property_descriptor functions[OWN + COUNT(calls)] = {
#define FUNCTION(name, callback) { name, NULL, callback, NULL, NULL, NULL, napi_enumerable, mappings }
		FUNCTION("bpf", js_bpf),
		FUNCTION("addressOf", js_address_of),
		FUNCTION("mmap", js_mmap),
		FUNCTION("munmap", js_munmap),
		FUNCTION("watch", js_watch),
		FUNCTION("watchStart", js_watch_start),
		FUNCTION("watchStop", js_watch_stop),
		FUNCTION("watchClose", js_watch_close),
#undef FUNCTION
	};
	napi_value page_size;

	if (!mappings)
		return NULL;
	for (size_t i = 0; i < COUNT(calls); i++) {
		functions[OWN + i] = (napi_property_descriptor){
			.utf8name = calls[i].name,
			.method = js_call,
			.attributes = napi_enumerable,
			.data = (void *)&calls[i],
		};
	}
	napi_create_uint32(env, (uint32_t)sys_page_size(), &page_size);
	napi_set_named_property(env, exports, "pageSize", page_size);
	napi_define_properties(env, exports, COUNT(functions), functions);
	return exports;
}
