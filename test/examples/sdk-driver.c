/*
 * libbpf-wasm.h on this machine, over a scripted host.
 *   sdk-driver patch OBJECT EDIT...   prints the image that load gives the host; EDIT is
 *                                     PROGRAM=0, PROGRAM=1 or SECTION:OFFSET=BYTE
 *   sdk-driver mutate OBJECT ROUNDS   opens and loads damaged copies
 *   sdk-driver calls OBJECT           checks what the host is asked for
 */
#undef NDEBUG
#include <assert.h>
#include "libbpf-wasm.h"

static bool print_image;
static int answer; /* of the host's next calls */
static char last_call[256];
static int open_objects;
static unsigned char kernel_value[4096];

uint64_t wasm_load_bpf_object(const void *image, int size)
{
	if (print_image)
		fwrite(image, 1, (size_t)size, stdout);
	if (answer < 0)
		return 0;
	open_objects++;
	return 7;
}

int wasm_close_bpf_object(uint64_t obj)
{
	assert(obj == 7);
	open_objects--;
	return 0;
}

int wasm_attach_bpf_program(uint64_t obj, const char *name, const char *target)
{
	assert(obj == 7);
	snprintf(last_call, sizeof(last_call), "attach %s %s", name, target ? target : "-");
	return answer;
}

int wasm_attach_bpf_program_fd(uint64_t obj, const char *name, int fd)
{
	assert(obj == 7);
	snprintf(last_call, sizeof(last_call), "attach fd %s %d", name, fd);
	return answer;
}

static int polls;

int wasm_bpf_buffer_poll(uint64_t obj, int fd, bpf_buffer_sample_fn sample, void *ctx,
			 void *data, int max_size, int timeout_ms)
{
	assert(obj == 7 && fd == 3);
	polls++;
	snprintf(last_call, sizeof(last_call), "poll %d %d", max_size, timeout_ms);
	if (answer < 0)
		return answer;
	memset(data, polls, (size_t)max_size);
	return sample(ctx, data, (size_t)max_size);
}

int wasm_bpf_map_fd_by_name(uint64_t obj, const char *name)
{
	assert(obj == 7);
	snprintf(last_call, sizeof(last_call), "map %s", name);
	return answer < 0 ? answer : 3;
}

int wasm_bpf_map_operate(int fd, int cmd, const void *key, void *value, void *next_key,
			 uint64_t flags)
{
	snprintf(last_call, sizeof(last_call), "operate %d %d %llu", fd, cmd,
		 (unsigned long long)flags);
	if (answer < 0)
		return answer;
	if (cmd == WASM_BPF_MAP_GET_NEXT_KEY)
		assert(!value && next_key);
	else
		assert(key && !next_key);
	if (value && cmd == WASM_BPF_MAP_LOOKUP)
		memcpy(value, kernel_value, 4);
	if (value && cmd == WASM_BPF_MAP_UPDATE)
		memcpy(kernel_value, value, 4);
	return 0;
}

static unsigned char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes;

	assert(file && fseek(file, 0, SEEK_END) == 0);
	*size = (size_t)ftell(file);
	rewind(file);
	bytes = (unsigned char *)malloc(*size);
	assert(bytes && fread(bytes, 1, *size, file) == *size);
	fclose(file);
	return bytes;
}

static int patch(struct bpf_object *obj, char **edits)
{
	for (; *edits; edits++) {
		char *equals = strchr(*edits, '='), *colon = strchr(*edits, ':');
		int value = atoi(equals + 1);

		*equals = '\0';
		if (colon) {
			struct bpf_map *map;
			size_t size, offset = (size_t)atoi(colon + 1);
			unsigned char *bytes;

			*colon = '\0';
			map = bpf_object__find_map_by_name(obj, *edits);
			assert(map);
			bytes = (unsigned char *)bpf_map__initial_value(map, &size);
			assert(bytes && offset < size);
			bytes[offset] = (unsigned char)value;
		} else {
			struct bpf_program *prog =
				bpf_object__find_program_by_name(obj, *edits);

			assert(prog && bpf_program__set_autoload(prog, value != 0) == 0);
		}
	}
	print_image = true;
	return bpf_object__load(obj);
}

static void mutate(const unsigned char *bytes, size_t size, int rounds)
{
	uint32_t random = 1;
	unsigned char *copy = (unsigned char *)malloc(size);
	int round, opened = 0;

	for (round = 0; round < rounds; round++) {
		size_t length = size;
		struct bpf_object *obj;
		struct bpf_program *prog;
		struct bpf_map *map;
		int i;

		memcpy(copy, bytes, size);
		for (i = 0; i <= round % 4; i++) {
			/* Half of the damage goes into the headers. */
			size_t at, tables = (size_t)wasm_bpf_read_le(bytes + 40, 8);

			random = random * 1664525u + 1013904223u;
			at = (random >> 8) % size;
			if (random >> 31)
				at = at % 2 ? at % 64 : tables + at % (size - tables);
			copy[at] = (unsigned char)(round % 3 ? random >> 16 : 0xff);
		}
		if (round % 16 == 0)
			length = (random >> 4) % size;
		obj = bpf_object__open_mem(copy, length, NULL);
		if (!obj) {
			assert(errno == ENOEXEC || errno == EINVAL || errno == ENOMEM ||
			       errno == E2BIG);
			continue;
		}
		opened++;
		bpf_object__for_each_map(map, obj) {
			size_t value_size = 0;
			void *value = bpf_map__initial_value(map, &value_size);

			assert(strlen(bpf_map__name(map)) > 0);
			if (value)
				memset(value, 0x5a, value_size);
		}
		bpf_object__for_each_program(prog, obj)
			bpf_program__set_autoload(prog, !bpf_program__autoload(prog));
		assert(bpf_object__load(obj) == 0);
		bpf_object__close(obj);
	}
	free(copy);
	printf("%d\n", opened);
}

static int nested_result;

static int on_sample(void *ctx, void *data, size_t size)
{
	struct bpf_buffer *buffer = *(struct bpf_buffer **)ctx;
	unsigned char first = *(unsigned char *)data;

	if (polls < 3) {
		nested_result = bpf_buffer__poll(buffer, 0);
		/* The outer record is untouched. */
		assert(*(unsigned char *)data == first);
		assert(wasm_bpf_buffer__set_record_size(buffer, 1) == -EBUSY);
	}
	return size == 12 ? -12345 : (int)size;
}

static void calls(struct bpf_object *obj)
{
	struct bpf_program *traced = bpf_object__find_program_by_name(obj, "traced");
	struct bpf_program *network = bpf_object__find_program_by_name(obj, "network");
	struct bpf_program *optional = bpf_object__find_program_by_name(obj, "optional");
	struct bpf_map *events = bpf_object__find_map_by_name(obj, "events");
	struct bpf_map *bss = bpf_object__find_map_by_name(obj, "whatever.bss");
	struct bpf_map *rodata = bpf_object__find_map_by_name(obj, ".rodata");
	struct bpf_buffer *buffer;
	struct bpf_link *link;
	char long_name[5000];
	int value = 42;

	assert(traced && network && optional && events && bss && rodata);
	assert(bpf_program__autoload(traced) && !bpf_program__autoload(optional));
	assert(strcmp(bpf_program__section_name(optional), "raw_tp/sys_exit") == 0);
	assert(!bpf_object__find_map_by_name(obj, "none") && errno == ENOENT);
	assert(!bpf_object__find_program_by_name(obj, "subprogram"));
	assert(bpf_map__fd(events) == -EBADF && errno == EBADF);
	assert(!bpf_program__attach(traced) && errno == EINVAL);

	/* .bss has no bytes in the file: its first values are stored after load. */
	*(int *)bpf_map__initial_value(bss, NULL) = value;
	assert(bpf_object__load(obj) == 0);
	assert(memcmp(kernel_value, &value, 4) == 0);
	assert(bpf_object__load(obj) == -EINVAL);
	assert(bpf_program__set_autoload(traced, false) == -EINVAL);
	assert(bpf_map__set_initial_value(rodata, "", 0) == -EINVAL);
	kernel_value[0] = 43;
	assert(wasm_bpf_object__read_globals(obj) == 0);
	assert(*(int *)bpf_map__initial_value(bss, NULL) == 43);

	assert(bpf_map_update_elem(3, &value, &value, BPF_NOEXIST) == 0);
	assert(strcmp(last_call, "operate 3 2 1") == 0);
	assert(bpf_map_delete_elem(3, &value) == 0);
	assert(strcmp(last_call, "operate 3 3 0") == 0);
	assert(bpf_map_get_next_key(3, NULL, &value) == 0);
	assert(strcmp(last_call, "operate 3 4 0") == 0);
	answer = -2;
	errno = 0;
	assert(bpf_map_lookup_elem(3, &value, &value) == -ENOENT && errno == ENOENT);
	answer = -524;
	assert(bpf_map_lookup_elem(3, &value, &value) == -ENOTSUP && errno == ENOTSUP);
	answer = 0;

	link = bpf_program__attach(traced);
	assert(link && strcmp(last_call, "attach traced -") == 0);
	assert(bpf_set_prog_attach_target(network, "eth0") == 0);
	assert(bpf_program__attach(network));
	assert(strcmp(last_call, "attach network eth0") == 0);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert(bpf_set_prog_attach_target(network, long_name) == 0);
	assert(bpf_program__attach_tracepoint(traced, "sched", "sched_switch"));
	assert(strcmp(last_call, "attach traced sched:sched_switch") == 0);
	assert(bpf_program__attach_cgroup(network, 5));
	assert(strcmp(last_call, "attach fd network 5") == 0);
	assert(!bpf_program__attach_cgroup(network, -1) && errno == EBADF);
	assert(!bpf_program__attach_kprobe(traced, true, "f") && errno == ENOTSUP);
	answer = -1;
	assert(!bpf_program__attach(traced) && errno == EPERM);
	answer = 0;
	assert(bpf_link__destroy(link) == -ENOTSUP);
	assert(bpf_link__destroy(NULL) == 0);

	assert(!bpf_buffer__open(events, NULL, NULL) && errno == EINVAL);
	buffer = bpf_buffer__open(events, on_sample, &buffer);
	assert(buffer);
	assert(bpf_buffer__poll(buffer, -1) == WASM_BPF_RECORD_SIZE);
	assert(nested_result == WASM_BPF_RECORD_SIZE && polls == 3);
	assert(wasm_bpf_buffer__set_record_size(buffer, 100000) == 0);
	assert(bpf_buffer__poll(buffer, 0) == 100000);
	assert(strcmp(last_call, "poll 100000 0") == 0);
	assert(wasm_bpf_buffer__set_record_size(buffer, 0) == -EINVAL);
	/* What a callback returns to end the poll is returned as it is, and once. */
	assert(wasm_bpf_buffer__set_record_size(buffer, 12) == 0);
	assert(bpf_buffer__poll(buffer, 0) == -12345 && errno == 12345);
	answer = -4;
	assert(bpf_buffer__poll(buffer, 10) == -EINTR);
	answer = 0;
	bpf_buffer__free(buffer);
	bpf_buffer__free(NULL);
}

int main(int argc, char **argv)
{
	size_t size;
	unsigned char *bytes;
	struct bpf_object *obj;
	int result = 0;

	assert(argc > 2);
	bytes = read_file(argv[2], &size);
	if (strcmp(argv[1], "mutate") == 0) {
		mutate(bytes, size, atoi(argv[3]));
	} else {
		obj = bpf_object__open_mem(bytes, size, NULL);
		assert(obj);
		if (strcmp(argv[1], "patch") == 0)
			result = patch(obj, argv + 3);
		else
			calls(obj);
		bpf_object__close(obj);
	}
	bpf_object__close(NULL);
	free(bytes);
	assert(open_objects == 0);
	return result ? 1 : 0;
}
