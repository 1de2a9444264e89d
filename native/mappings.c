#include "mappings.h"

#include "arguments.h"
#include "syscalls.h"

#include <stdlib.h>

struct mapping {
	struct mapping *next;
	struct mapping **list;
	void *at;
	size_t size;
	bool mapped;
};

struct mapping **mappings_new(void)
{
	/*
	 * As long-lived as the process: finalizers of mappings may run after every other hook of this environment. Eight
	 * bytes per worker.
	 */
	return calloc(1, sizeof(struct mapping *));
}

static void unlink_mapping(struct mapping *mapping)
{
	for (struct mapping **at = mapping->list; *at; at = &(*at)->next) {
		if (*at == mapping) {
			*at = mapping->next;
			break;
		}
	}
}

static void finalize_mapping(napi_env env, void *data, void *hint)
{
	struct mapping *mapping = hint;

	(void)env;
	(void)data;
	if (mapping->mapped) {
		unlink_mapping(mapping);
		sys_munmap(mapping->at, mapping->size);
	}
	free(mapping);
}

static int64_t map(struct arguments *arguments, napi_value *buffer)
{
	const struct value *values = arguments->values;
	struct mapping **list = arguments->data, *mapping;
	int64_t size = I64(0), offset = I64(4), result;

	if (size <= 0 || offset < 0)
		return -EINVAL;
	mapping = calloc(1, sizeof *mapping);
	if (!mapping)
		return -ENOMEM;
	mapping->size = (size_t)size;
	/* SAFETY: the address is only a wish, see sys_mmap. */
	result = sys_mmap((void *)(uintptr_t)ADDRESS(5), mapping->size, I32(1), I32(2), I32(3), offset, &mapping->at);
	if (result < 0) {
		free(mapping);
		return result;
	}
	if (napi_create_external_arraybuffer(arguments->env, mapping->at, mapping->size, finalize_mapping, mapping,
					     buffer) != napi_ok) {
		sys_munmap(mapping->at, mapping->size);
		free(mapping);
		return -ENOTSUP;
	}
	mapping->mapped = true;
	mapping->list = list;
	mapping->next = *list;
	*list = mapping;
	return 0;
}

napi_value js_mmap(napi_env env, napi_callback_info info)
{
	static const enum kind kinds[] = { I64, I32, I32, I32, I64, ADDRESS, NONE };
	struct arguments arguments;
	napi_value buffer = NULL;
	int64_t result;

	if (!arguments_begin(&arguments, env, info) || !arguments_take_all(&arguments, "mmap", kinds))
		return NULL;
	result = map(&arguments, &buffer);
	return buffer ? buffer : number_answer(env, result);
}

static int64_t unmap(struct arguments *arguments)
{
	struct mapping *mapping = *(struct mapping **)arguments->data;

	while (mapping && mapping->at != arguments->values[0].at)
		mapping = mapping->next;
	if (!mapping)
		return -EINVAL;
	/* Detached first: no view may reach the pages once they are gone. */
	if (napi_detach_arraybuffer(arguments->env, arguments->given[0]) != napi_ok)
		return -EBUSY;
	unlink_mapping(mapping);
	mapping->mapped = false; /* the finalizer frees the record, whenever it runs */
	return sys_munmap(mapping->at, mapping->size);
}

napi_value js_munmap(napi_env env, napi_callback_info info)
{
	static const enum kind kinds[] = { BUFFER, NONE };
	struct arguments arguments;

	if (!arguments_begin(&arguments, env, info) || !arguments_take_all(&arguments, "munmap", kinds))
		return NULL;
	return number_answer(env, unmap(&arguments));
}
