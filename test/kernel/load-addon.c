/*
 * Loads the addon in a process that is not Node.js: a handful of N-API functions that know numbers only. Shows that
 * a C library other than glibc can load it, when built with musl-gcc.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAPI_VERSION 8
#include <node_api.h>

/* A napi_value is a pointer to one of these. */
struct value {
	int64_t number;
};

static napi_property_descriptor functions[128];
static size_t function_count;
static struct value arguments[8];
static size_t argument_count;
static void *data_of_call;

static napi_value make(int64_t number)
{
	struct value *value = malloc(sizeof *value);

	value->number = number;
	return (napi_value)value;
}

static int64_t number_of(napi_value value)
{
	return ((struct value *)value)->number;
}

napi_status napi_create_uint32(napi_env env, uint32_t number, napi_value *result)
{
	*result = make(number);
	return napi_ok;
}

napi_status napi_create_int64(napi_env env, int64_t number, napi_value *result)
{
	*result = make(number);
	return napi_ok;
}

napi_status napi_set_named_property(napi_env env, napi_value object, const char *name, napi_value value)
{
	if (strcmp(name, "pageSize") == 0)
		printf("page size %lld\n", (long long)number_of(value));
	return napi_ok;
}

napi_status napi_define_properties(napi_env env, napi_value object, size_t count,
				   const napi_property_descriptor *properties)
{
	function_count = count;
	memcpy(functions, properties, count * sizeof *properties);
	printf("%zu functions\n", count);
	return napi_ok;
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv, napi_value *self,
			     void **data)
{
	for (size_t i = 0; i < argument_count; i++)
		argv[i] = (napi_value)&arguments[i];
	*argc = argument_count;
	*data = data_of_call;
	return napi_ok;
}

napi_status napi_get_value_int32(napi_env env, napi_value value, int32_t *result)
{
	*result = (int32_t)number_of(value);
	return napi_ok;
}

napi_status napi_get_value_uint32(napi_env env, napi_value value, uint32_t *result)
{
	*result = (uint32_t)number_of(value);
	return napi_ok;
}

napi_status napi_get_value_int64(napi_env env, napi_value value, int64_t *result)
{
	*result = number_of(value);
	return napi_ok;
}

napi_status napi_get_value_bigint_uint64(napi_env env, napi_value value, uint64_t *result, bool *lossless)
{
	*result = (uint64_t)number_of(value);
	*lossless = true;
	return napi_ok;
}

/* The rest only has to be there for the loader; nothing here leads to it. */
#define UNUSED(name, ...) \
	napi_status name(__VA_ARGS__) \
	{ \
		abort(); \
	}

UNUSED(napi_detach_arraybuffer, napi_env env, napi_value buffer)
UNUSED(napi_create_external_arraybuffer, napi_env env, void *data, size_t size, napi_finalize finalize, void *hint,
       napi_value *result)
UNUSED(napi_create_bigint_uint64, napi_env env, uint64_t number, napi_value *result)
UNUSED(napi_get_value_string_utf8, napi_env env, napi_value value, char *buffer, size_t size, size_t *result)
UNUSED(napi_get_arraybuffer_info, napi_env env, napi_value buffer, void **data, size_t *size)
UNUSED(napi_typeof, napi_env env, napi_value value, napi_valuetype *result)
UNUSED(napi_get_typedarray_info, napi_env env, napi_value array, napi_typedarray_type *type, size_t *length,
       void **data, napi_value *buffer, size_t *offset)
UNUSED(napi_throw_type_error, napi_env env, const char *code, const char *message)
UNUSED(napi_get_uv_event_loop, napi_env env, struct uv_loop_s **loop)
UNUSED(napi_open_handle_scope, napi_env env, napi_handle_scope *result)
UNUSED(napi_close_handle_scope, napi_env env, napi_handle_scope scope)
UNUSED(napi_create_reference, napi_env env, napi_value value, uint32_t count, napi_ref *result)
UNUSED(napi_delete_reference, napi_env env, napi_ref reference)
UNUSED(napi_get_reference_value, napi_env env, napi_ref reference, napi_value *result)
UNUSED(napi_get_global, napi_env env, napi_value *result)
UNUSED(napi_make_callback, napi_env env, napi_async_context context, napi_value self, napi_value function, size_t count,
       const napi_value *values, napi_value *result)
UNUSED(napi_is_exception_pending, napi_env env, bool *result)
UNUSED(napi_get_and_clear_last_exception, napi_env env, napi_value *result)
UNUSED(napi_fatal_exception, napi_env env, napi_value error)
UNUSED(napi_create_string_utf8, napi_env env, const char *text, size_t length, napi_value *result)
UNUSED(napi_async_init, napi_env env, napi_value resource, napi_value name, napi_async_context *result)
UNUSED(napi_async_destroy, napi_env env, napi_async_context context)
UNUSED(napi_add_async_cleanup_hook, napi_env env, napi_async_cleanup_hook hook, void *data,
       napi_async_cleanup_hook_handle *result)
UNUSED(napi_remove_async_cleanup_hook, napi_async_cleanup_hook_handle hook)
UNUSED(napi_create_external, napi_env env, void *data, napi_finalize finalize, void *hint, napi_value *result)
UNUSED(napi_get_value_external, napi_env env, napi_value value, void **result)

/* libuv's, which Node.js exports. */
#define UV(name) \
	void name(void) \
	{ \
		abort(); \
	}
UV(uv_handle_size)
UV(uv_poll_init)
UV(uv_poll_start)
UV(uv_poll_stop)
UV(uv_close)
UV(uv_handle_get_data)
UV(uv_handle_set_data)

static int64_t call(const char *name, int64_t first, int64_t second)
{
	for (size_t i = 0; i < function_count; i++) {
		if (strcmp(functions[i].utf8name, name) == 0) {
			arguments[0].number = first;
			arguments[1].number = second;
			argument_count = 2;
			data_of_call = functions[i].data;
			return number_of(functions[i].method(NULL, NULL));
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	void *addon = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
	napi_value (*start)(napi_env, napi_value);

	if (!addon) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	start = (napi_value(*)(napi_env, napi_value))dlsym(addon, "napi_register_module_v1");
	if (!start || !start(NULL, make(0))) {
		fprintf(stderr, "the addon does not start\n");
		return 1;
	}
	printf("eventfd: %lld\n", (long long)call("eventfd", 0, 0));
	printf("sleep: %lld\n", (long long)call("sleep", 1000, 0));
	return 0;
}
