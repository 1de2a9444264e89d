#include "watch.h"

#include "arguments.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Of libuv, which is part of every Node.js: what stays the same in all of its versions 1. Its own header is in no
 * package that comes without Node.js's sources.
 */
struct uv_loop_s;
struct uv_handle;
typedef void (*poll_callback)(struct uv_handle *handle, int status, int events);
typedef void (*close_callback)(struct uv_handle *handle);
enum { UV_POLL = 8, UV_READABLE = 1 };
extern size_t uv_handle_size(int type);
extern int uv_poll_init(struct uv_loop_s *loop, struct uv_handle *handle, int fd);
extern int uv_poll_start(struct uv_handle *handle, int events, poll_callback callback);
extern int uv_poll_stop(struct uv_handle *handle);
extern void uv_close(struct uv_handle *handle, close_callback callback);
extern void *uv_handle_get_data(const struct uv_handle *handle);
extern void uv_handle_set_data(struct uv_handle *handle, void *data);

/* Lives until libuv has closed its handle and JavaScript has dropped its value. */
struct watch {
	napi_env env;
	napi_ref callback;
	napi_async_context context;
	napi_async_cleanup_hook_handle hook;
	struct uv_handle *handle;
	bool closing;
	unsigned owners;
};

static void release(struct watch *watch)
{
	if (--watch->owners == 0)
		free(watch);
}

static void closed(struct uv_handle *handle)
{
	struct watch *watch = uv_handle_get_data(handle);

	free(handle);
	/* Node.js waits for this before it takes the event loop down. */
	napi_remove_async_cleanup_hook(watch->hook);
	release(watch);
}

static void close_watch(struct watch *watch)
{
	if (watch->closing)
		return;
	watch->closing = true;
	napi_delete_reference(watch->env, watch->callback);
	napi_async_destroy(watch->env, watch->context);
	uv_close(watch->handle, closed);
}

static void at_exit(napi_async_cleanup_hook_handle hook, void *data)
{
	(void)hook;
	close_watch(data);
}

static void finalize(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	close_watch(data);
	release(data);
}

static void readable(struct uv_handle *handle, int status, int events)
{
	struct watch *watch = uv_handle_get_data(handle);
	napi_env env = watch->env;
	napi_handle_scope scope;
	napi_value callback, global, error;
	bool failed = false;

	/* A descriptor with an error counts as readable: the reader finds out. */
	(void)status;
	(void)events;
	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	if (napi_get_reference_value(env, watch->callback, &callback) == napi_ok &&
	    napi_get_global(env, &global) == napi_ok)
		napi_make_callback(env, watch->context, global, callback, 0, NULL, NULL);
	if (napi_is_exception_pending(env, &failed) == napi_ok && failed &&
	    napi_get_and_clear_last_exception(env, &error) == napi_ok)
		napi_fatal_exception(env, error);
	napi_close_handle_scope(env, scope);
}

/* A new watch, or -errno. When the answer is 0, it is finalized with *value. */
static int64_t start_watching(napi_env env, int fd, napi_value callback, napi_value *value)
{
	struct watch *watch = calloc(1, sizeof *watch);
	struct uv_loop_s *loop = NULL;
	napi_value name;
	int result = -ENOMEM;

	if (!watch)
		return -ENOMEM;
	watch->env = env;
	watch->owners = 1;
	watch->handle = malloc(uv_handle_size(UV_POLL));
	if (!watch->handle || napi_get_uv_event_loop(env, &loop) != napi_ok)
		goto no_handle;
	/* libuv answers -errno, as everybody here. */
	result = uv_poll_init(loop, watch->handle, fd);
	if (result < 0)
		goto no_handle;
	uv_handle_set_data(watch->handle, watch);
	if (napi_create_string_utf8(env, "wasm-bpf", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_async_init(env, NULL, name, &watch->context) != napi_ok ||
	    napi_create_reference(env, callback, 1, &watch->callback) != napi_ok ||
	    napi_add_async_cleanup_hook(env, at_exit, watch, &watch->hook) != napi_ok)
		abort(); /* no memory for a few words: Node.js ends itself in that case, too */
	if (napi_create_external(env, watch, finalize, NULL, value) == napi_ok) {
		watch->owners++;
		return 0;
	}
	close_watch(watch);
	return -ENOMEM;
no_handle:
	free(watch->handle);
	free(watch);
	return result;
}

napi_value js_watch(napi_env env, napi_callback_info info)
{
	static const enum kind kinds[] = { I32, NONE };
	struct arguments arguments;
	napi_valuetype type = napi_undefined;
	napi_value value = NULL;
	int64_t result;

	if (!arguments_begin(&arguments, env, info) || !arguments_take_all(&arguments, "watch", kinds))
		return NULL;
	if (napi_typeof(env, arguments.given[1], &type) != napi_ok || type != napi_function) {
		napi_throw_type_error(env, NULL, "wasm-bpf addon: argument 2 of watch must be a function");
		return NULL;
	}
	result = start_watching(env, (int32_t)arguments.values[0].number, arguments.given[1], &value);
	return result < 0 ? number_answer(env, result) : value;
}

/* The watch that is the first argument, or NULL with a TypeError thrown. */
static struct watch *given_watch(napi_env env, napi_callback_info info)
{
	struct arguments arguments;
	napi_valuetype type = napi_undefined;
	void *data = NULL;

	if (!arguments_begin(&arguments, env, info))
		return NULL;
	if (napi_typeof(env, arguments.given[0], &type) == napi_ok && type == napi_external &&
	    napi_get_value_external(env, arguments.given[0], &data) == napi_ok)
		return data;
	napi_throw_type_error(env, NULL, "wasm-bpf addon: argument 1 must be a watch");
	return NULL;
}

napi_value js_watch_start(napi_env env, napi_callback_info info)
{
	struct watch *watch = given_watch(env, info);

	if (!watch)
		return NULL;
	return number_answer(env, watch->closing ? -EBADF : uv_poll_start(watch->handle, UV_READABLE, readable));
}

napi_value js_watch_stop(napi_env env, napi_callback_info info)
{
	struct watch *watch = given_watch(env, info);

	if (!watch)
		return NULL;
	return number_answer(env, watch->closing ? -EBADF : uv_poll_stop(watch->handle));
}

napi_value js_watch_close(napi_env env, napi_callback_info info)
{
	struct watch *watch = given_watch(env, info);

	if (!watch)
		return NULL;
	close_watch(watch);
	return number_answer(env, 0);
}
