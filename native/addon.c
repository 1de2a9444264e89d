/*
 * N-API glue: takes JavaScript values apart, calls syscalls.c, returns its result. No policy, no state besides
 * the list of mappings of each environment (the main thread and every worker have their own).
 *
 * Wrong argument types throw a TypeError; they are mistakes in src/sys, not something a caller can cause.
 */
#include "signals.h"
#include "syscalls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NAPI_VERSION 8
#include <node_api.h>

#define MAX_ARGS 16
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct mapping {
	struct mapping *next;
	struct mapping **list;
	void *at;
	size_t size;
	bool mapped;
};

struct call {
	napi_env env;
	size_t argc;
	napi_value argv[MAX_ARGS];
	struct mapping **mappings;
	bool failed;
};

static struct call begin(napi_env env, napi_callback_info info)
{
	struct call call = { .env = env, .argc = MAX_ARGS };
	void *data = NULL;

	call.failed = napi_get_cb_info(env, info, &call.argc, call.argv, NULL, &data) != napi_ok;
	call.mappings = data;
	return call;
}

static void check(struct call *call, napi_status status)
{
	if (status != napi_ok)
		call->failed = true;
}

static int32_t arg_i32(struct call *call, size_t i)
{
	int32_t value = 0;

	check(call, napi_get_value_int32(call->env, call->argv[i], &value));
	return value;
}

static uint32_t arg_u32(struct call *call, size_t i)
{
	uint32_t value = 0;

	check(call, napi_get_value_uint32(call->env, call->argv[i], &value));
	return value;
}

/* A non-negative number up to 2^53. */
static int64_t arg_i64(struct call *call, size_t i)
{
	int64_t value = 0;

	check(call, napi_get_value_int64(call->env, call->argv[i], &value));
	return value;
}

static uint64_t arg_u64(struct call *call, size_t i)
{
	uint64_t value = 0;
	bool lossless;

	check(call, napi_get_value_bigint_uint64(call->env, call->argv[i], &value, &lossless));
	return value;
}

/*
 * SAFETY: after this call V8 keeps the array's memory outside its moving heap, so the address stays valid for
 * as long as the caller holds the array.
 */
static uint8_t *arg_bytes(struct call *call, size_t i, size_t *size)
{
	napi_typedarray_type type;
	void *data = NULL;

	*size = 0;
	check(call, napi_get_typedarray_info(call->env, call->argv[i], &type, size, &data, NULL, NULL));
	if (!call->failed && type == napi_uint32_array)
		*size *= 4;
	else if (!call->failed && type != napi_uint8_array)
		call->failed = true;
	return data;
}

static uint8_t *arg_buffer(struct call *call, size_t i, size_t *size)
{
	void *data = NULL;

	*size = 0;
	check(call, napi_get_arraybuffer_info(call->env, call->argv[i], &data, size));
	return data;
}

/* False when the text does not fit or has a NUL in it. */
static bool arg_text(struct call *call, size_t i, char *into, size_t size)
{
	size_t length = 0;

	check(call, napi_get_value_string_utf8(call->env, call->argv[i], into, size, &length));
	return !call->failed && length < size - 1 && strlen(into) == length;
}

static napi_value finish(struct call *call, int64_t result)
{
	napi_value value = NULL;

	if (call->failed) {
		napi_throw_type_error(call->env, NULL, "wasm-bpf addon: wrong arguments");
		return NULL;
	}
	napi_create_int64(call->env, result, &value);
	return value;
}

/* After arguments were read: leaves with a TypeError when one of them was wrong. */
#define REQUIRE(call) \
	do { \
		if ((call).failed) \
			return finish(&(call), 0); \
	} while (0)

/* bpf(cmd, attr, offset, bytes, ...): each pair puts the address of `bytes` at `offset` of attr. */
static napi_value js_bpf(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int cmd = arg_i32(&call, 0);
	size_t size;
	uint8_t *attr = arg_bytes(&call, 1, &size);

	REQUIRE(call);
	for (size_t i = 2; i + 1 < call.argc; i += 2) {
		size_t offset = arg_u32(&call, i), length;
		uint64_t address = (uintptr_t)arg_bytes(&call, i + 1, &length);

		REQUIRE(call);
		if (size < sizeof address || offset > size - sizeof address)
			return finish(&call, -EINVAL);
		memcpy(attr + offset, &address, sizeof address);
	}
	return finish(&call, sys_bpf(cmd, attr, (uint32_t)size));
}

static napi_value js_address_of(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	size_t size;
	uint8_t *bytes = arg_bytes(&call, 0, &size);
	napi_value value = NULL;

	REQUIRE(call);
	napi_create_bigint_uint64(env, (uintptr_t)bytes, &value);
	return value;
}

static napi_value js_perf_event_open(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	size_t size;
	uint8_t *attr = arg_bytes(&call, 0, &size);
	int pid = arg_i32(&call, 1), cpu = arg_i32(&call, 2), group_fd = arg_i32(&call, 3);
	uint32_t flags = arg_u32(&call, 4), claimed;

	REQUIRE(call);
	/* perf_event_attr.size tells the kernel how much to read. */
	if (size < 64)
		return finish(&call, -EINVAL);
	memcpy(&claimed, attr + 4, sizeof claimed);
	if (claimed > size)
		return finish(&call, -EINVAL);
	return finish(&call, sys_perf_event_open(attr, pid, cpu, group_fd, flags));
}

static napi_value js_ioctl(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);
	uint32_t request = arg_u32(&call, 1);
	napi_valuetype type = napi_undefined;
	uint64_t argument;
	size_t size;

	check(&call, napi_typeof(env, call.argv[2], &type));
	if (type == napi_number)
		argument = (uint64_t)arg_i64(&call, 2);
	else if (type == napi_bigint)
		argument = arg_u64(&call, 2);
	else
		argument = (uintptr_t)arg_bytes(&call, 2, &size);
	REQUIRE(call);
	return finish(&call, sys_ioctl(fd, request, argument));
}

static napi_value js_open(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	char path[4097];
	bool fits = arg_text(&call, 0, path, sizeof path);
	int flags = arg_i32(&call, 1), mode = arg_i32(&call, 2);

	REQUIRE(call);
	return finish(&call, fits ? sys_open(path, flags, mode) : -ENOENT);
}

static napi_value js_close(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);

	REQUIRE(call);
	return finish(&call, sys_close(fd));
}

static napi_value js_dup(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);

	REQUIRE(call);
	return finish(&call, sys_dup(fd));
}

static napi_value js_read(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);
	size_t size;
	uint8_t *into = arg_bytes(&call, 1, &size);

	REQUIRE(call);
	return finish(&call, sys_read(fd, into, size));
}

static napi_value js_write(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);
	size_t size;
	uint8_t *from = arg_bytes(&call, 1, &size);

	REQUIRE(call);
	return finish(&call, sys_write(fd, from, size));
}

static napi_value js_seek(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);
	int64_t offset = arg_i64(&call, 1);
	int whence = arg_i32(&call, 2);

	REQUIRE(call);
	return finish(&call, sys_seek(fd, offset, whence));
}

static napi_value js_timerfd_create(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int clock = arg_i32(&call, 0), flags = arg_i32(&call, 1);

	REQUIRE(call);
	return finish(&call, sys_timerfd_create(clock, flags));
}

/* timerfdSet(fd, flags, value, old): 32 bytes each; `value` may be empty. */
static napi_value js_timerfd_set(napi_env env, napi_callback_info info)
{
	enum { SPEC = 32 };
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), flags = arg_i32(&call, 1);
	size_t size, old_size;
	uint8_t *value = arg_bytes(&call, 2, &size), *old = arg_bytes(&call, 3, &old_size);

	REQUIRE(call);
	if ((size != 0 && size != SPEC) || old_size != SPEC)
		return finish(&call, -EINVAL);
	return finish(&call, sys_timerfd_set(fd, flags, size ? value : NULL, old));
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

static napi_value js_mmap(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int64_t size = arg_i64(&call, 0), offset = arg_i64(&call, 4);
	int prot = arg_i32(&call, 1), flags = arg_i32(&call, 2), fd = arg_i32(&call, 3);
	struct mapping *mapping;
	napi_value buffer = NULL;
	napi_valuetype type = napi_undefined;
	uint64_t wanted = 0;
	int64_t result;

	check(&call, napi_typeof(env, call.argv[5], &type));
	if (type != napi_undefined)
		wanted = arg_u64(&call, 5);
	REQUIRE(call);
	if (size <= 0 || offset < 0)
		return finish(&call, -EINVAL);
	mapping = calloc(1, sizeof *mapping);
	if (!mapping)
		return finish(&call, -ENOMEM);
	/* SAFETY: only a wish, see sys_mmap. */
	result = sys_mmap((void *)(uintptr_t)wanted, (size_t)size, prot, flags, fd, offset, &mapping->at);
	if (result < 0) {
		free(mapping);
		return finish(&call, result);
	}
	mapping->size = (size_t)size;
	if (napi_create_external_arraybuffer(env, mapping->at, mapping->size, finalize_mapping, mapping, &buffer) !=
	    napi_ok) {
		sys_munmap(mapping->at, mapping->size);
		free(mapping);
		return finish(&call, -ENOTSUP);
	}
	mapping->mapped = true;
	mapping->list = call.mappings;
	mapping->next = *call.mappings;
	*call.mappings = mapping;
	return buffer;
}

static napi_value js_munmap(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	size_t size;
	uint8_t *at = arg_buffer(&call, 0, &size);
	struct mapping *mapping;

	REQUIRE(call);
	for (mapping = *call.mappings; mapping && mapping->at != at; mapping = mapping->next)
		;
	if (!mapping)
		return finish(&call, -EINVAL);
	/* Detached first: no view may reach the pages once they are gone. */
	if (napi_detach_arraybuffer(env, call.argv[0]) != napi_ok)
		return finish(&call, -EBUSY);
	unlink_mapping(mapping);
	mapping->mapped = false; /* the finalizer frees the record, whenever it runs */
	return finish(&call, sys_munmap(at, mapping->size));
}

static napi_value js_mmap_fixed(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	size_t total, page = sys_page_size();
	uint8_t *base = arg_buffer(&call, 0, &total);
	int64_t start = arg_i64(&call, 1), size = arg_i64(&call, 2), offset = arg_i64(&call, 6);
	int prot = arg_i32(&call, 3), flags = arg_i32(&call, 4), fd = arg_i32(&call, 5);

	REQUIRE(call);
	/*
	 * SAFETY: only whole pages inside the buffer are replaced, and by pages that can be read and written: V8
	 * changes the protection of the whole memory when it grows and aborts the process if a page refuses.
	 */
	if (start < 0 || size <= 0 || offset < 0 || (uint64_t)start > total || (uint64_t)size > total - (uint64_t)start)
		return finish(&call, -EINVAL);
	if (((uintptr_t)base + (uint64_t)start) % page != 0 || (uint64_t)size % page != 0)
		return finish(&call, -EINVAL);
	if ((prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE))
		return finish(&call, -EACCES);
	return finish(&call, sys_mmap_over(base + start, (size_t)size, prot, flags, fd, offset));
}

static napi_value js_epoll_create(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);

	return finish(&call, sys_epoll_create());
}

static napi_value js_epoll_ctl(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int epfd = arg_i32(&call, 0), op = arg_i32(&call, 1), fd = arg_i32(&call, 2);
	uint32_t events = arg_u32(&call, 3), data = arg_u32(&call, 4);

	REQUIRE(call);
	return finish(&call, sys_epoll_ctl(epfd, op, fd, events, data));
}

static napi_value js_epoll_wait(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int epfd = arg_i32(&call, 0), max = arg_i32(&call, 2), timeout_ms = arg_i32(&call, 3);
	size_t size;
	uint8_t *pairs = arg_bytes(&call, 1, &size);

	REQUIRE(call);
	if (max <= 0 || (size_t)max > size / 8 || (uintptr_t)pairs % 4 != 0)
		return finish(&call, -EINVAL);
	return finish(&call, sys_epoll_wait(epfd, (uint32_t *)(void *)pairs, max, timeout_ms));
}

static napi_value js_eventfd(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	uint32_t initial = arg_u32(&call, 0);
	int flags = arg_i32(&call, 1);

	REQUIRE(call);
	return finish(&call, sys_eventfd(initial, flags));
}

/* getRlimit(resource, pair): soft and hard limit go to the 16 bytes of `pair`. */
static napi_value js_get_rlimit(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int resource = arg_i32(&call, 0);
	uint64_t limits[2];
	size_t size;
	uint8_t *pair = arg_bytes(&call, 1, &size);
	int64_t result;

	REQUIRE(call);
	if (size < sizeof limits)
		return finish(&call, -EINVAL);
	result = sys_get_rlimit(resource, &limits[0], &limits[1]);
	memcpy(pair, limits, sizeof limits);
	return finish(&call, result);
}

static napi_value js_set_rlimit(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int resource = arg_i32(&call, 0);
	uint64_t soft = arg_u64(&call, 1), hard = arg_u64(&call, 2);

	REQUIRE(call);
	return finish(&call, sys_set_rlimit(resource, soft, hard));
}

static napi_value js_if_name_to_index(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	char name[32];
	bool fits = arg_text(&call, 0, name, sizeof name);

	REQUIRE(call);
	return finish(&call, fits ? sys_if_name_to_index(name) : -ENODEV);
}

static napi_value js_socket(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int family = arg_i32(&call, 0), type = arg_i32(&call, 1), protocol = arg_i32(&call, 2);

	REQUIRE(call);
	return finish(&call, sys_socket(family, type, protocol));
}

/* Calls with a place for two descriptors, i32 each. */
static napi_value finish_ends(struct call *call, int64_t result, const int ends[2], uint8_t *into)
{
	memcpy(into, ends, 2 * sizeof *ends);
	return finish(call, result);
}

/* socketPair(type, protocol, into): both ends, i32 each. */
static napi_value js_socket_pair(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int type = arg_i32(&call, 0), protocol = arg_i32(&call, 1), ends[2] = { -1, -1 };
	size_t size;
	uint8_t *into = arg_bytes(&call, 2, &size);

	REQUIRE(call);
	if (size < sizeof ends)
		return finish(&call, -EINVAL);
	return finish_ends(&call, sys_socket_pair(type, protocol, ends), ends, into);
}

static napi_value js_bind(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);
	size_t size;
	uint8_t *address = arg_bytes(&call, 1, &size);

	REQUIRE(call);
	return finish(&call, sys_bind(fd, address, size));
}

static napi_value js_pidfd_open(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int pid = arg_i32(&call, 0);

	REQUIRE(call);
	return finish(&call, sys_pidfd_open(pid));
}

static napi_value js_set_socket_option(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), level = arg_i32(&call, 1), name = arg_i32(&call, 2);
	size_t size;
	uint8_t *value = arg_bytes(&call, 3, &size);

	REQUIRE(call);
	return finish(&call, sys_set_socket_option(fd, level, name, value, size));
}

static napi_value js_connect(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);
	size_t size;
	uint8_t *address = arg_bytes(&call, 1, &size);

	REQUIRE(call);
	return finish(&call, sys_connect(fd, address, size));
}

static napi_value js_listen(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), backlog = arg_i32(&call, 1);

	REQUIRE(call);
	return finish(&call, sys_listen(fd, backlog));
}

static napi_value js_accept(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0);

	REQUIRE(call);
	return finish(&call, sys_accept(fd));
}

static napi_value js_socket_name(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), peer = arg_i32(&call, 1);
	size_t size;
	uint8_t *into = arg_bytes(&call, 2, &size);

	REQUIRE(call);
	return finish(&call, sys_socket_name(fd, peer, into, size));
}

/* receive(fd, into, flags, address): the sender's address goes to `address`, behind its length in 4 bytes. */
static napi_value js_receive(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), flags = arg_i32(&call, 2);
	size_t size, address_size;
	uint8_t *into = arg_bytes(&call, 1, &size), *address = arg_bytes(&call, 3, &address_size);
	uint32_t length;
	int64_t result;

	REQUIRE(call);
	if (address_size < sizeof length)
		return finish(&call, -EINVAL);
	length = (uint32_t)(address_size - sizeof length);
	result = sys_receive(fd, into, size, flags, address + sizeof length, &length);
	memcpy(address, &length, sizeof length);
	return finish(&call, result);
}

static napi_value js_send(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), flags = arg_i32(&call, 2);
	size_t size;
	size_t address_size;
	uint8_t *from = arg_bytes(&call, 1, &size), *address = arg_bytes(&call, 3, &address_size);

	REQUIRE(call);
	return finish(&call, sys_send(fd, from, size, flags, address_size ? address : NULL, (uint32_t)address_size));
}

static napi_value js_shutdown(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), how = arg_i32(&call, 1);

	REQUIRE(call);
	return finish(&call, sys_shutdown(fd, how));
}

static napi_value js_get_socket_option(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int fd = arg_i32(&call, 0), level = arg_i32(&call, 1), name = arg_i32(&call, 2);
	size_t size;
	uint8_t *value = arg_bytes(&call, 3, &size);

	REQUIRE(call);
	return finish(&call, sys_get_socket_option(fd, level, name, value, size));
}

/* ifIndexToName(index, into): length of the name. */
static napi_value js_if_index_to_name(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	uint32_t index = arg_u32(&call, 0);
	size_t size;
	uint8_t *into = arg_bytes(&call, 1, &size);

	REQUIRE(call);
	return finish(&call, sys_if_index_to_name(index, into, size));
}

/* uname(into): six fields of 65 bytes. */
static napi_value js_uname(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	size_t size;
	uint8_t *into = arg_bytes(&call, 0, &size);

	REQUIRE(call);
	return finish(&call, sys_uname(into, size));
}

/* clockTime(id, into): nanoseconds, u64. */
static napi_value js_clock_time(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int id = arg_i32(&call, 0);
	size_t size;
	uint8_t *into = arg_bytes(&call, 1, &size);
	uint64_t ns = 0;
	int64_t result;

	REQUIRE(call);
	if (size < sizeof ns)
		return finish(&call, -EINVAL);
	result = sys_clock_time(id, &ns);
	memcpy(into, &ns, sizeof ns);
	return finish(&call, result);
}

/* sysinfo(into): as much of struct sysinfo as fits. */
static napi_value js_sysinfo(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	size_t size;
	uint8_t *into = arg_bytes(&call, 0, &size);

	REQUIRE(call);
	return finish(&call, sys_sysinfo(into, size));
}

/* pipe(into): both ends, i32 each. */
static napi_value js_pipe(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	size_t size;
	uint8_t *into = arg_bytes(&call, 0, &size);
	int ends[2] = { -1, -1 };

	REQUIRE(call);
	if (size < sizeof ends)
		return finish(&call, -EINVAL);
	return finish_ends(&call, sys_pipe(ends), ends, into);
}

/* Puts the addresses of NUL-terminated strings that lie one behind the other into a list that ends with NULL. */
static char **string_list(uint8_t *texts, size_t size)
{
	size_t count = 0;
	char **list;

	for (size_t i = 0; i < size; i++)
		count += texts[i] == 0;
	list = calloc(count + 1, sizeof *list);
	if (!list)
		return NULL;
	count = 0;
	for (size_t i = 0, start = 0; i < size; i++) {
		if (texts[i] != 0)
			continue;
		list[count++] = (char *)texts + start;
		start = i + 1;
	}
	return list;
}

/* spawn(path, arguments, environment, in, out, err): strings with NUL at the end of each. */
static napi_value js_spawn(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	char path[4097];
	bool fits = arg_text(&call, 0, path, sizeof path);
	size_t arguments_size, environment_size;
	uint8_t *arguments = arg_bytes(&call, 1, &arguments_size);
	uint8_t *environment = arg_bytes(&call, 2, &environment_size);
	int fds[3] = { arg_i32(&call, 3), arg_i32(&call, 4), arg_i32(&call, 5) };
	char **argv, **envp;
	int64_t result = -ENOMEM;

	REQUIRE(call);
	if (!fits)
		return finish(&call, -ENOENT);
	argv = string_list(arguments, arguments_size);
	envp = string_list(environment, environment_size);
	if (argv && envp)
		result = sys_spawn(path, argv, envp, fds);
	free(argv);
	free(envp);
	return finish(&call, result);
}

/* waitProcess(pid, into): without waiting; the status goes to the 4 bytes of `into`. */
static napi_value js_wait_process(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int pid = arg_i32(&call, 0), status = 0;
	size_t size;
	uint8_t *into = arg_bytes(&call, 1, &size);
	int64_t result;

	REQUIRE(call);
	if (size < sizeof status)
		return finish(&call, -EINVAL);
	result = sys_wait_process(pid, &status);
	memcpy(into, &status, sizeof status);
	return finish(&call, result);
}

static napi_value js_kill(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int pid = arg_i32(&call, 0), signo = arg_i32(&call, 1);

	REQUIRE(call);
	return finish(&call, sys_kill(pid, signo));
}

static napi_value js_mount_detached(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	char type[32];
	bool fits = arg_text(&call, 0, type, sizeof type);

	REQUIRE(call);
	return finish(&call, fits ? sys_mount_detached(type) : -ENODEV);
}

static napi_value js_sleep(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	uint64_t ns = arg_u64(&call, 0);

	REQUIRE(call);
	return finish(&call, sys_sleep(ns));
}

static napi_value js_signals_catch(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	uint32_t mask = arg_u32(&call, 0), grace_ms = arg_u32(&call, 1);

	REQUIRE(call);
	return finish(&call, signals_catch(mask, grace_ms));
}

static napi_value js_signals_dispose(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	int signo = arg_i32(&call, 0), how = arg_i32(&call, 1);
	uint32_t grace_ms = arg_u32(&call, 2);

	REQUIRE(call);
	return finish(&call, signals_dispose(signo, how, grace_ms));
}

static napi_value js_signals_taken(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);

	signals_taken();
	return finish(&call, 0);
}

static napi_value js_signals_release(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);

	return finish(&call, signals_release());
}

static napi_value js_signals_hold(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);

	return finish(&call, signals_hold());
}

static napi_value js_signals_resume(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);

	return finish(&call, signals_resume());
}

static napi_value js_signals_take(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);

	return finish(&call, signals_take());
}

NAPI_MODULE_INIT()
{
	struct mapping **mappings = calloc(1, sizeof *mappings);
	napi_property_descriptor functions[] = {
#define FUNCTION(name, callback) { name, NULL, callback, NULL, NULL, NULL, napi_enumerable, mappings }
		FUNCTION("bpf", js_bpf),
		FUNCTION("addressOf", js_address_of),
		FUNCTION("perfEventOpen", js_perf_event_open),
		FUNCTION("ioctl", js_ioctl),
		FUNCTION("open", js_open),
		FUNCTION("close", js_close),
		FUNCTION("dup", js_dup),
		FUNCTION("read", js_read),
		FUNCTION("write", js_write),
		FUNCTION("seek", js_seek),
		FUNCTION("timerfdCreate", js_timerfd_create),
		FUNCTION("timerfdSet", js_timerfd_set),
		FUNCTION("mmap", js_mmap),
		FUNCTION("mmapFixed", js_mmap_fixed),
		FUNCTION("munmap", js_munmap),
		FUNCTION("epollCreate", js_epoll_create),
		FUNCTION("epollCtl", js_epoll_ctl),
		FUNCTION("epollWait", js_epoll_wait),
		FUNCTION("eventfd", js_eventfd),
		FUNCTION("getRlimit", js_get_rlimit),
		FUNCTION("setRlimit", js_set_rlimit),
		FUNCTION("ifNameToIndex", js_if_name_to_index),
		FUNCTION("socket", js_socket),
		FUNCTION("socketPair", js_socket_pair),
		FUNCTION("bind", js_bind),
		FUNCTION("pidfdOpen", js_pidfd_open),
		FUNCTION("setSocketOption", js_set_socket_option),
		FUNCTION("connect", js_connect),
		FUNCTION("listen", js_listen),
		FUNCTION("accept", js_accept),
		FUNCTION("socketName", js_socket_name),
		FUNCTION("receive", js_receive),
		FUNCTION("send", js_send),
		FUNCTION("shutdown", js_shutdown),
		FUNCTION("getSocketOption", js_get_socket_option),
		FUNCTION("ifIndexToName", js_if_index_to_name),
		FUNCTION("uname", js_uname),
		FUNCTION("clockTime", js_clock_time),
		FUNCTION("sysinfo", js_sysinfo),
		FUNCTION("pipe", js_pipe),
		FUNCTION("spawn", js_spawn),
		FUNCTION("waitProcess", js_wait_process),
		FUNCTION("kill", js_kill),
		FUNCTION("mountDetached", js_mount_detached),
		FUNCTION("sleep", js_sleep),
		FUNCTION("signalsCatch", js_signals_catch),
		FUNCTION("signalsDispose", js_signals_dispose),
		FUNCTION("signalsTaken", js_signals_taken),
		FUNCTION("signalsRelease", js_signals_release),
		FUNCTION("signalsHold", js_signals_hold),
		FUNCTION("signalsResume", js_signals_resume),
		FUNCTION("signalsTake", js_signals_take),
#undef FUNCTION
	};
	napi_value page_size;

	if (!mappings)
		return NULL;
	/*
	 * The list is as long-lived as the process: finalizers of mappings may run after every other hook of this
	 * environment. Eight bytes per worker.
	 */
	napi_create_uint32(env, (uint32_t)sys_page_size(), &page_size);
	napi_set_named_property(env, exports, "pageSize", page_size);
	napi_define_properties(env, exports, COUNT(functions), functions);
	return exports;
}
