/* SPDX-License-Identifier: MIT */
/*
 * The imports of the guest interface, version 2, as docs/abi-v2.md specifies
 * them, in its order: what the sources of the guest library call, and what a
 * program can call that wants to go without the library.
 *
 * All parameters and results are 32-bit; an address is a uint32_t, which
 * wb_address() makes of a pointer. A result is 0 or more, or -errno with
 * Linux's numbers; `errno` is not touched. Structs are request blocks: `size`
 * is sizeof(), what is unused is zero, so start with `{ .size = sizeof(req) }`.
 */
#ifndef WASM_BPF_ABI2_H
#define WASM_BPF_ABI2_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define WB_ASSERT_SIZE(type, size) \
	static_assert(sizeof(struct type) == size, #type)
#else
#define WB_ASSERT_SIZE(type, size) \
	_Static_assert(sizeof(struct type) == size, #type)
#endif

#define WB_IMPORT(name) \
	__attribute__((import_module("wasm_bpf_2"), import_name(#name)))

#define WB_ABI_MAJOR 2
#define WB_ABI_MINOR 0

/** An address as imports take it: guests have at most 4 GiB of memory. */
static inline uint32_t wb_address(const volatile void *pointer)
{
	return (uint32_t)(uintptr_t)pointer;
}

/* The halves of a 64-bit parameter. */
static inline uint32_t wb_low(uint64_t value)
{
	return (uint32_t)value;
}

static inline uint32_t wb_high(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

/* --- Handshake: abi ------------------------------------------------------ */

WB_IMPORT(abi_version) int wb_abi_version(void);
WB_IMPORT(abi_has) int wb_abi_has(uint32_t name);

/* --- Objects: object ----------------------------------------------------- */

#define WB_OBJECT_RELAXED_MAPS 1u
#define WB_OBJECT_OWN_SECTIONS 2u

struct wb_object_open {
	uint32_t size;
	uint32_t data_at;
	uint32_t data_size;
	uint32_t path_at;
	uint32_t name_at;
	uint32_t flags;
	uint32_t pin_root_at;
	uint32_t btf_path_at;
	uint32_t kconfig_at;
	uint32_t log_level;
	uint32_t token_path_at;
	uint32_t reserved;
};
WB_ASSERT_SIZE(wb_object_open, 48);

/* The description: what *_at and strings say are offsets in it. */
struct wb_object_header {
	uint32_t header_size;
	uint32_t program_count;
	uint32_t program_size;
	uint32_t programs_at;
	uint32_t map_count;
	uint32_t map_size;
	uint32_t maps_at;
	uint32_t name;
	uint32_t license;
	uint32_t kernel_version;
};
WB_ASSERT_SIZE(wb_object_header, 40);

#define WB_PROGRAM_AUTOLOAD 1u
#define WB_PROGRAM_AUTOATTACH 2u
#define WB_PROGRAM_ATTACHES 4u

struct wb_program_record {
	uint32_t name;
	uint32_t section_name;
	uint32_t type;
	uint32_t expected_attach_type;
	uint32_t flags;
	uint32_t prog_flags;
	uint32_t instruction_count;
	uint32_t log_level;
	uint32_t attach_target;
	uint32_t function_count;
	uint32_t line_count;
	uint32_t section_flags;
	uint32_t reserved[4];
};
WB_ASSERT_SIZE(wb_program_record, 64);

#define WB_MAP_AUTOCREATE 1u
#define WB_MAP_AUTOATTACH 2u
#define WB_MAP_MMAPABLE 4u
#define WB_MAP_PINNED_BY_NAME 8u

#define WB_CONTENT_NONE 0
#define WB_CONTENT_DATA 1
#define WB_CONTENT_RODATA 2
#define WB_CONTENT_BSS 3
#define WB_CONTENT_KCONFIG 4
#define WB_CONTENT_STRUCT_OPS 5
#define WB_CONTENT_ARENA 6

struct wb_map_record {
	uint32_t name;
	uint32_t kernel_name;
	uint32_t pin_path;
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint64_t map_extra;
	uint32_t numa_node;
	uint32_t ifindex;
	uint32_t key_type_id;
	uint32_t value_type_id;
	uint32_t inner_map; /* index + 1 */
	uint32_t content;
	uint32_t initial_size;
	uint32_t flags;
	uint32_t reserved[6];
};
WB_ASSERT_SIZE(wb_map_record, 96);

WB_IMPORT(object_open) int wb_object_open(uint32_t req);
WB_IMPORT(object_describe) int wb_object_describe(int object, uint32_t buf, uint32_t size);
WB_IMPORT(object_prepare) int wb_object_prepare(int object);
WB_IMPORT(object_load) int wb_object_load(int object);

#define WB_GIVEN_TARGET 1u
#define WB_GIVEN_TYPES 2u

struct wb_object_load_program {
	uint32_t size;
	uint32_t refusal;
	uint32_t given;
	uint32_t expected_attach_type;
	uint32_t prog_flags;
	uint32_t kernel_version;
	uint32_t ifindex;
	int32_t btf_fd;
	uint32_t attach_btf_id;
	int32_t attach_prog_fd;
	int32_t attach_btf_fd;
	uint32_t function_info_at;
	uint32_t function_info_size;
	uint32_t function_info_count;
	uint32_t line_info_at;
	uint32_t line_info_size;
	uint32_t line_info_count;
	uint32_t reserved;
};
WB_ASSERT_SIZE(wb_object_load_program, 72);

WB_IMPORT(object_load_program) int wb_object_load_program(int object, int prog, uint32_t req);
WB_IMPORT(object_btf) int wb_object_btf(int object);
WB_IMPORT(object_btf_fd) int wb_object_btf_fd(int object);
WB_IMPORT(object_token_fd) int wb_object_token_fd(int object);
WB_IMPORT(object_close) int wb_object_close(int object);

/* --- Programs: program --------------------------------------------------- */

#define WB_PROGRAM_SET_AUTOLOAD 1
#define WB_PROGRAM_SET_AUTOATTACH 2
#define WB_PROGRAM_SET_TYPE 3
#define WB_PROGRAM_SET_ATTACH_TYPE 4
#define WB_PROGRAM_SET_FLAGS 5
#define WB_PROGRAM_SET_LOG_LEVEL 6
#define WB_PROGRAM_SET_IFINDEX 7
#define WB_PROGRAM_SET_KEEP_LOG 8
#define WB_PROGRAM_SET_NO_SECTION 9

#define WB_RECORDS_FUNCTIONS 1
#define WB_RECORDS_LINES 2

struct wb_program_load {
	uint32_t size;
	uint32_t type;
	uint32_t name_at;
	uint32_t license_at;
	uint32_t instructions_at;
	uint32_t instruction_count;
	uint32_t expected_attach_type;
	uint32_t prog_flags;
	uint32_t kernel_version;
	uint32_t ifindex;
	int32_t btf_fd;
	uint32_t attach_btf_id;
	int32_t attach_prog_fd;
	int32_t attach_btf_fd;
	uint32_t fd_array_at;
	uint32_t fd_array_count;
	uint32_t log_level;
	uint32_t log_at;
	uint32_t log_size;
	uint32_t log_true_size; /* written */
	uint32_t function_info_at;
	uint32_t function_info_size;
	uint32_t function_info_count;
	uint32_t line_info_at;
	uint32_t line_info_size;
	uint32_t line_info_count;
	int32_t token_fd;
	uint32_t attempts;
};
WB_ASSERT_SIZE(wb_program_load, 112);

struct wb_test_run {
	uint32_t size;
	uint32_t data_in_at;
	uint32_t data_in_size;
	uint32_t data_out_at;
	uint32_t data_out_size; /* written */
	uint32_t context_in_at;
	uint32_t context_in_size;
	uint32_t context_out_at;
	uint32_t context_out_size; /* written */
	uint32_t return_value; /* written */
	uint32_t duration_ns; /* written */
	uint32_t repeat;
	uint32_t flags;
	uint32_t cpu;
	uint32_t batch_size;
	uint32_t reserved;
};
WB_ASSERT_SIZE(wb_test_run, 64);

#define WB_TARGET_DESCRIPTOR 0u
#define WB_TARGET_INTERFACE 1u

/* Of program_attach, program_detach and program_query. */
struct wb_program_attach {
	uint32_t size;
	uint32_t flags;
	uint32_t target_kind;
	int32_t replace_fd;
	int32_t relative_fd;
	uint32_t relative_id;
	uint64_t expected_revision;
	uint32_t query_flags;
	uint32_t attach_flags; /* written */
	uint32_t ids_at;
	uint32_t count; /* written */
	uint32_t attach_flags_at;
	uint32_t link_ids_at;
	uint32_t link_attach_flags_at;
	uint32_t reserved;
};
WB_ASSERT_SIZE(wb_program_attach, 64);

WB_IMPORT(program_set) int wb_program_set(int object, int prog, int property, int value);
WB_IMPORT(program_set_target) int wb_program_set_target(int object, int prog, int target_fd, uint32_t name);
WB_IMPORT(program_instructions) int wb_program_instructions(int object, int prog, uint32_t buf, uint32_t size);
WB_IMPORT(program_set_instructions) int wb_program_set_instructions(int object, int prog, uint32_t at, uint32_t count);
WB_IMPORT(program_records) int wb_program_records(int object, int prog, int kind, uint32_t buf, uint32_t size);
WB_IMPORT(program_log) int wb_program_log(int object, int prog, uint32_t buf, uint32_t size);
WB_IMPORT(program_fd) int wb_program_fd(int object, int prog);
WB_IMPORT(program_unload) int wb_program_unload(int object, int prog);
WB_IMPORT(program_load) int wb_program_load(uint32_t req);
WB_IMPORT(program_test_run) int wb_program_test_run(int fd, uint32_t req);
WB_IMPORT(program_attach) int wb_program_attach(int fd, int target_fd, int type, uint32_t req);
WB_IMPORT(program_detach) int wb_program_detach(int fd, int target_fd, int type, uint32_t req);
WB_IMPORT(program_query) int wb_program_query(int zero, int target_fd, int type, uint32_t req);
struct wb_section {
	uint32_t type;
	uint32_t expected_attach_type;
	uint32_t attaches;
};
WB_ASSERT_SIZE(wb_section, 12);

WB_IMPORT(program_section) int wb_program_section(uint32_t name, uint32_t out);
WB_IMPORT(program_bind_map) int wb_program_bind_map(int fd, int map_fd, uint32_t flags);
WB_IMPORT(program_associate) int wb_program_associate(int fd, int map_fd, uint32_t flags);
WB_IMPORT(program_stream_read) int wb_program_stream_read(int fd, int stream, uint32_t buf, uint32_t size);

/* --- Maps: map ----------------------------------------------------------- */

#define WB_MAP_SET_TYPE 1
#define WB_MAP_SET_KEY_SIZE 2
#define WB_MAP_SET_VALUE_SIZE 3
#define WB_MAP_SET_MAX_ENTRIES 4
#define WB_MAP_SET_FLAGS 5
#define WB_MAP_SET_NUMA_NODE 6
#define WB_MAP_SET_IFINDEX 7
#define WB_MAP_SET_EXTRA 8
#define WB_MAP_SET_AUTOCREATE 9
#define WB_MAP_SET_AUTOATTACH 10
#define WB_MAP_SET_FUNCTIONS 11
#define WB_MAP_SET_EXCLUSIVE 12

#define WB_MAP_NAME_PIN_PATH 1

#define WB_MAP_FD_REUSE 1
#define WB_MAP_FD_INNER 2

#define WB_SYNC_FROM_KERNEL 1
#define WB_SYNC_TO_KERNEL 2

struct wb_map_create {
	uint32_t size;
	uint32_t type;
	uint32_t name_at;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t numa_node;
	uint64_t map_extra;
	uint32_t ifindex;
	int32_t inner_map_fd;
	int32_t btf_fd;
	uint32_t key_type_id;
	uint32_t value_type_id;
	uint32_t vmlinux_value_type_id;
	int32_t value_type_btf_fd;
	int32_t token_fd;
	uint32_t exclusive_hash_at;
	uint32_t exclusive_hash_size;
};
WB_ASSERT_SIZE(wb_map_create, 80);

#define WB_BATCH_LOOKUP 1
#define WB_BATCH_TAKE 2
#define WB_BATCH_UPDATE 3
#define WB_BATCH_DELETE 4

struct wb_map_batch {
	uint32_t size;
	uint32_t in_batch_at;
	uint32_t out_batch_at;
	uint32_t keys_at;
	uint32_t values_at;
	uint32_t count; /* written */
	uint64_t elem_flags;
	uint64_t flags;
};
WB_ASSERT_SIZE(wb_map_batch, 40);

WB_IMPORT(map_set) int wb_map_set(int object, int map, int property, uint32_t low, uint32_t high);
WB_IMPORT(map_set_name) int wb_map_set_name(int object, int map, int property, uint32_t text);
WB_IMPORT(map_set_fd) int wb_map_set_fd(int object, int map, int property, int fd);
WB_IMPORT(map_initial) int wb_map_initial(int object, int map, uint32_t buf, uint32_t size);
WB_IMPORT(map_set_initial) int wb_map_set_initial(int object, int map, uint32_t at, uint32_t size);
WB_IMPORT(map_bind) int wb_map_bind(int object, int map, uint32_t at, uint32_t size);
WB_IMPORT(map_unbind) int wb_map_unbind(int object, int map);
WB_IMPORT(map_sync) int wb_map_sync(int object, int map, int direction);
WB_IMPORT(map_map) int wb_map_map(int fd, uint32_t at, uint32_t size, uint32_t page);
WB_IMPORT(map_unmap) int wb_map_unmap(uint32_t at, uint32_t size);
WB_IMPORT(map_fd) int wb_map_fd(int object, int map);
WB_IMPORT(map_create) int wb_map_create(uint32_t req);
WB_IMPORT(map_lookup) int wb_map_lookup(int fd, uint32_t key, uint32_t value, uint32_t low, uint32_t high);
WB_IMPORT(map_take) int wb_map_take(int fd, uint32_t key, uint32_t value, uint32_t low, uint32_t high);
WB_IMPORT(map_update) int wb_map_update(int fd, uint32_t key, uint32_t value, uint32_t low, uint32_t high);
WB_IMPORT(map_delete) int wb_map_delete(int fd, uint32_t key, uint32_t low, uint32_t high);
WB_IMPORT(map_next_key) int wb_map_next_key(int fd, uint32_t key, uint32_t next);
WB_IMPORT(map_batch) int wb_map_batch(int fd, int operation, uint32_t req);
WB_IMPORT(map_freeze) int wb_map_freeze(int fd);

/* --- Links: link --------------------------------------------------------- */

#define WB_HOOK_SECTION 0
#define WB_HOOK_TRACEPOINT 1
#define WB_HOOK_RAW_TRACEPOINT 2
#define WB_HOOK_KPROBE 3
#define WB_HOOK_KPROBE_MULTI 4
#define WB_HOOK_SYSCALL 5
#define WB_HOOK_UPROBE 6
#define WB_HOOK_UPROBE_MULTI 7
#define WB_HOOK_USDT 8
#define WB_HOOK_PERF_EVENT 9
#define WB_HOOK_TRACE 10
#define WB_HOOK_LSM 11
#define WB_HOOK_CGROUP 12
#define WB_HOOK_NETNS 13
#define WB_HOOK_SOCKMAP 14
#define WB_HOOK_XDP 15
#define WB_HOOK_FREPLACE 16
#define WB_HOOK_NETFILTER 17
#define WB_HOOK_TCX 18
#define WB_HOOK_NETKIT 19
#define WB_HOOK_ITERATOR 20
#define WB_HOOK_STRUCT_OPS 21
#define WB_HOOK_TRACING_MULTI 22

#define WB_LINK_RETURN 1u
#define WB_LINK_SESSION 2u
#define WB_LINK_LEGACY 4u
#define WB_LINK_ALL_PROCESSES 8u
#define WB_LINK_DISABLED 16u
#define WB_LINK_UNIQUE 32u

struct wb_link_attach {
	uint32_t size;
	uint32_t hook;
	uint32_t flags;
	int32_t target;
	uint32_t name1_at;
	uint32_t name2_at;
	uint32_t name3_at;
	uint32_t kernel_flags;
	uint64_t cookie;
	uint64_t offset;
	uint64_t reference_counter;
	uint32_t count;
	uint32_t symbols_at;
	uint32_t addresses_at;
	uint32_t offsets_at;
	uint32_t counters_at;
	uint32_t cookies_at;
	int32_t relative_fd;
	uint32_t relative_id;
	uint64_t expected_revision;
	union {
		uint32_t family;
		uint32_t iterator_at;
	};
	union {
		uint32_t hook_number;
		uint32_t iterator_size;
	};
	int32_t priority;
	uint32_t attach_mode;
};
WB_ASSERT_SIZE(wb_link_attach, 112);

WB_IMPORT(link_attach) int wb_link_attach(int object, int index, uint32_t req);
WB_IMPORT(link_create) int wb_link_create(int fd, int target_fd, int type, uint32_t req);
WB_IMPORT(link_update) int wb_link_update(int fd, int new_fd, int old_fd, uint32_t flags);
WB_IMPORT(link_detach) int wb_link_detach(int fd);
WB_IMPORT(link_disconnect) int wb_link_disconnect(int fd);
WB_IMPORT(iter_create) int wb_iter_create(int fd);

/* --- Records: buffer ----------------------------------------------------- */

#define WB_BUFFER_RING 1
#define WB_BUFFER_PERF 2
#define WB_BUFFER_USER_RING 3

struct wb_buffer_add {
	uint32_t size;
	uint32_t pages; /* for each CPU, a power of two */
	uint32_t sample_period;
	uint32_t attr_at;
	uint32_t attr_size;
	uint32_t cpu_count;
	uint32_t cpus_at;
	uint32_t keys_at;
};
WB_ASSERT_SIZE(wb_buffer_add, 32);

/* What goes before the records of one source. */
struct wb_buffer_span {
	uint32_t length; /* of what follows, a multiple of 8 */
	uint32_t source;
	int32_t cpu; /* -1 for ring buffers */
	uint32_t left; /* records that are left in this source */
};
WB_ASSERT_SIZE(wb_buffer_span, 16);

struct wb_buffer_state {
	uint64_t consumer_position;
	uint64_t producer_position;
	uint64_t available;
	uint64_t ring_size;
	int32_t cpu;
	int32_t reserved;
};
WB_ASSERT_SIZE(wb_buffer_state, 40);

WB_IMPORT(buffer_new) int wb_buffer_new(int kind);
WB_IMPORT(buffer_add) int wb_buffer_add(int buffer, int fd, uint32_t req);
WB_IMPORT(buffer_fill) int wb_buffer_fill(int buffer, int source, uint32_t buf, uint32_t size, uint32_t limit, int timeout_ms);
WB_IMPORT(buffer_state) int wb_buffer_state(int buffer, int source, uint32_t out);
WB_IMPORT(buffer_fd) int wb_buffer_fd(int buffer);
WB_IMPORT(buffer_source_fd) int wb_buffer_source_fd(int buffer, int source);
WB_IMPORT(buffer_reserve) int wb_buffer_reserve(int buffer, uint32_t size, int timeout_ms);
WB_IMPORT(buffer_submit) int wb_buffer_submit(int buffer, int ticket, uint32_t at, uint32_t size);
WB_IMPORT(buffer_discard) int wb_buffer_discard(int buffer, int ticket);
WB_IMPORT(buffer_close) int wb_buffer_close(int buffer);

/* --- Types: btf ---------------------------------------------------------- */

#define WB_BTF_KERNEL 1
#define WB_BTF_MODULE 2
#define WB_BTF_FILE 3
#define WB_BTF_BYTES 4
#define WB_BTF_ID 5
#define WB_BTF_FILE_BASE 6
/* What a file has to be, in place of a size. */
#define WB_BTF_FILE_ANY 0
#define WB_BTF_FILE_RAW 1
#define WB_BTF_FILE_ELF 2

struct wb_btf_info {
	uint32_t type_count; /* with void and the base's */
	uint32_t first_id;
	uint32_t string_size;
	uint32_t raw_size;
	uint32_t pointer_size;
	uint32_t big_endian;
	uint32_t base;
	uint32_t kernel_id;
};
WB_ASSERT_SIZE(wb_btf_info, 32);

struct wb_btf_load {
	uint32_t size;
	uint32_t log_level;
	uint32_t log_at;
	uint32_t log_size;
	uint32_t log_true_size; /* written */
	int32_t token_fd;
};
WB_ASSERT_SIZE(wb_btf_load, 24);

#define WB_DUMP_TYPE 1
#define WB_DUMP_DECLARATION 2
#define WB_DUMP_DATA 3

#define WB_DUMP_STRIP_MODIFIERS 1u
#define WB_DUMP_COMPACT 2u
#define WB_DUMP_SKIP_NAMES 4u
#define WB_DUMP_EMIT_ZEROES 8u
#define WB_DUMP_EMIT_STRINGS 16u

struct wb_btf_dump {
	uint32_t size;
	uint32_t what;
	uint32_t id;
	uint32_t field_name_at;
	uint32_t indent_level;
	uint32_t flags;
	uint32_t indent_string_at;
	uint32_t data_at;
	uint32_t data_size;
	uint32_t dump; /* a number of the guest's choice, not 0 */
	uint32_t reserved[2];
};
WB_ASSERT_SIZE(wb_btf_dump, 48);

WB_IMPORT(btf_open) int wb_btf_open(int kind, uint32_t name, int base, uint32_t at, uint32_t size);
WB_IMPORT(btf_info) int wb_btf_info(int btf, uint32_t out);
WB_IMPORT(btf_find) int wb_btf_find(int btf, uint32_t name, int kind);
WB_IMPORT(btf_type) int wb_btf_type(int btf, uint32_t id, uint32_t buf, uint32_t size);
WB_IMPORT(btf_string) int wb_btf_string(int btf, uint32_t offset, uint32_t buf, uint32_t size);
WB_IMPORT(btf_size_of) int wb_btf_size_of(int btf, uint32_t id);
WB_IMPORT(btf_align_of) int wb_btf_align_of(int btf, uint32_t id);
WB_IMPORT(btf_resolve) int wb_btf_resolve(int btf, uint32_t id);
WB_IMPORT(btf_raw) int wb_btf_raw(int btf, uint32_t offset, uint32_t buf, uint32_t size);
WB_IMPORT(btf_dedup) int wb_btf_dedup(int btf);
WB_IMPORT(btf_load) int wb_btf_load(uint32_t at, uint32_t size, uint32_t req);
WB_IMPORT(btf_kernel_id) int wb_btf_kernel_id(uint32_t name, int attach_type);
WB_IMPORT(btf_close) int wb_btf_close(int btf);
WB_IMPORT(btf_dump) int wb_btf_dump(int btf, uint32_t req, uint32_t buf, uint32_t size);

/* --- Kernel objects by id and path: kernel ------------------------------- */

#define WB_KERNEL_PROGRAM 1
#define WB_KERNEL_MAP 2
#define WB_KERNEL_BTF 3
#define WB_KERNEL_LINK 4

#define WB_PIN_MAKE_DIRECTORY (1u << 31)

struct wb_task_query {
	uint32_t program_id;
	uint32_t type;
	uint64_t offset;
	uint64_t address;
	uint64_t reserved;
};
WB_ASSERT_SIZE(wb_task_query, 32);

WB_IMPORT(kernel_next_id) int wb_kernel_next_id(int kind, uint32_t id, uint32_t next);
WB_IMPORT(kernel_open_id) int wb_kernel_open_id(int kind, uint32_t id, uint32_t flags);
WB_IMPORT(kernel_info) int wb_kernel_info(int fd, uint32_t info, uint32_t size);
WB_IMPORT(kernel_pin) int wb_kernel_pin(int fd, uint32_t path, uint32_t flags, int directory_fd);
WB_IMPORT(kernel_unpin) int wb_kernel_unpin(uint32_t path);
WB_IMPORT(kernel_get) int wb_kernel_get(uint32_t path, uint32_t flags, int directory_fd);
WB_IMPORT(kernel_task_query) int wb_kernel_task_query(int pid, int fd_number, uint32_t out, uint32_t buf, uint32_t size);
WB_IMPORT(kernel_stats) int wb_kernel_stats(int type);
WB_IMPORT(kernel_token) int wb_kernel_token(int fd, uint32_t flags);

/* --- Network: tc, xdp ---------------------------------------------------- */

#define WB_TC_CREATE 1
#define WB_TC_DESTROY 2
#define WB_TC_ATTACH 3
#define WB_TC_DETACH 4
#define WB_TC_QUERY 5

struct wb_tc {
	uint32_t size;
	int32_t interface;
	uint32_t attach_point;
	uint32_t parent;
	int32_t fd;
	uint32_t flags;
	uint32_t program_id; /* written */
	uint32_t handle; /* written */
	uint32_t priority; /* written */
	uint32_t qdisc_at;
	uint32_t reserved[2];
};
WB_ASSERT_SIZE(wb_tc, 48);

#define WB_XDP_ATTACH 1
#define WB_XDP_DETACH 2
#define WB_XDP_QUERY 3

struct wb_xdp {
	uint32_t size;
	int32_t interface;
	int32_t fd; /* -1: none */
	uint32_t flags;
	int32_t old_fd;
	uint32_t program_id; /* this and what follows: written */
	uint32_t drv_id;
	uint32_t hw_id;
	uint32_t skb_id;
	uint32_t attach_mode;
	uint64_t feature_flags;
};
WB_ASSERT_SIZE(wb_xdp, 48);

WB_IMPORT(tc) int wb_tc(int operation, uint32_t req);
WB_IMPORT(xdp) int wb_xdp(int operation, uint32_t req);

/* --- Log: log ------------------------------------------------------------ */

/* What goes before the text of a line. */
struct wb_log_line {
	uint32_t level; /* 0 warning, 1 info, 2 debug */
	uint32_t length; /* of the text, without its padding to 4 */
};
WB_ASSERT_SIZE(wb_log_line, 8);

WB_IMPORT(log_bind) int wb_log_bind(uint32_t pending);
WB_IMPORT(log_level) int wb_log_level(int level);
WB_IMPORT(log_take) int wb_log_take(uint32_t buf, uint32_t size);

/* --- Signals: signal ----------------------------------------------------- */

#define WB_SIGNAL_DEFAULT 0
#define WB_SIGNAL_IGNORE 1
#define WB_SIGNAL_CATCH 2

/* struct itimerval as the kernel has it. */
struct wb_timer {
	int64_t interval_seconds;
	int64_t interval_microseconds;
	int64_t value_seconds;
	int64_t value_microseconds;
};
WB_ASSERT_SIZE(wb_timer, 32);

WB_IMPORT(signal_catch) int wb_signal_catch(int number, int how);
WB_IMPORT(signal_bind) int wb_signal_bind(uint32_t pending);
WB_IMPORT(signal_take) int wb_signal_take(uint32_t mask);
WB_IMPORT(signal_wait) int wb_signal_wait(void);
WB_IMPORT(signal_timer) int wb_signal_timer(int which, uint32_t new_value, uint32_t old_value);

/* --- System: system ------------------------------------------------------ */

#define WB_INFO_POSSIBLE_CPUS 1
#define WB_INFO_ONLINE_CPUS 2
#define WB_INFO_CONFIGURED_CPUS 3
#define WB_INFO_PAGE_SIZE 4
#define WB_INFO_PID 5
#define WB_INFO_PARENT_PID 6
#define WB_INFO_USER 7
#define WB_INFO_GROUP 8
#define WB_INFO_BOOT_ID 9
#define WB_INFO_KERNEL_VERSION 10
#define WB_INFO_LIBBPF_VERSION 11
#define WB_INFO_UMASK 12
#define WB_INFO_CPU 13

#define WB_TEXT_SYSNAME 1
#define WB_TEXT_NODENAME 2
#define WB_TEXT_RELEASE 3
#define WB_TEXT_VERSION 4
#define WB_TEXT_MACHINE 5
#define WB_TEXT_DOMAINNAME 6
#define WB_TEXT_ZONE 7
#define WB_TEXT_DIRECTORY 8

#define WB_PROBE_PROGRAM_TYPE 1
#define WB_PROBE_MAP_TYPE 2
#define WB_PROBE_HELPER 3

/* struct rlimit. */
struct wb_limit {
	uint64_t current;
	uint64_t maximum;
};
WB_ASSERT_SIZE(wb_limit, 16);

WB_IMPORT(system_info) int wb_system_info(int what);
WB_IMPORT(system_text) int wb_system_text(int what, uint32_t buf, uint32_t size);
WB_IMPORT(system_clock) int wb_system_clock(int id, uint32_t out);
WB_IMPORT(system_probe) int wb_system_probe(int kind, int a, int b);
WB_IMPORT(system_limit) int wb_system_limit(int resource, uint32_t new_value, uint32_t old_value);
WB_IMPORT(system_perf_event) int wb_system_perf_event(uint32_t attr, uint32_t size, int pid, int cpu, int group_fd, uint32_t flags);
WB_IMPORT(system_ioctl) int wb_system_ioctl(int fd, uint32_t request, uint32_t arg);
WB_IMPORT(system_interface) int wb_system_interface(uint32_t name, uint32_t index, uint32_t buf, uint32_t size);
WB_IMPORT(system_stat) int wb_system_stat(int fd, uint32_t path, uint32_t flags, uint32_t out);
WB_IMPORT(system_chmod) int wb_system_chmod(int fd, uint32_t path, uint32_t flags, uint32_t mode);
WB_IMPORT(system_open) int wb_system_open(int fd, uint32_t path, int flags, uint32_t mode);
WB_IMPORT(system_mkdir) int wb_system_mkdir(int fd, uint32_t path, uint32_t mode);
WB_IMPORT(system_load) int wb_system_load(uint32_t out);
WB_IMPORT(system_access) int wb_system_access(int fd, uint32_t path, int mode, uint32_t flags);
WB_IMPORT(system_statfs) int wb_system_statfs(int fd, uint32_t path, uint32_t out);
WB_IMPORT(system_name) int wb_system_name(uint32_t name, int set);
WB_IMPORT(system_affinity) int wb_system_affinity(uint32_t cpus, uint32_t size, int set);

#define WB_STAT_FOLLOW 1u

/* --- Descriptors: fd ----------------------------------------------------- */

#define WB_DUP_LOWEST 0
#define WB_DUP_EXACT 1

WB_IMPORT(fd_event) int wb_fd_event(uint32_t initial, int flags);
WB_IMPORT(fd_timer) int wb_fd_timer(int clock, int flags);
WB_IMPORT(fd_timer_set) int wb_fd_timer_set(int fd, int flags, uint32_t new_value, uint32_t old_value);
WB_IMPORT(fd_pipe) int wb_fd_pipe(uint32_t ends, int flags);
WB_IMPORT(fd_pair) int wb_fd_pair(int type, int protocol, uint32_t ends);
WB_IMPORT(fd_dup) int wb_fd_dup(int fd, int to, int how, int flags);
WB_IMPORT(fd_flags) int wb_fd_flags(int fd, int flags);
WB_IMPORT(fd_poll) int wb_fd_poll(uint32_t polled, int count, uint32_t low, uint32_t high);
WB_IMPORT(fd_epoll) int wb_fd_epoll(int flags);
WB_IMPORT(fd_epoll_ctl) int wb_fd_epoll_ctl(int fd, int operation, int watched, uint32_t event);
WB_IMPORT(fd_epoll_wait) int wb_fd_epoll_wait(int fd, uint32_t events, int most, uint32_t low, uint32_t high);
WB_IMPORT(fd_lock) int wb_fd_lock(int fd, int operation);
WB_IMPORT(fd_control) int wb_fd_control(int fd, int command, int argument);
WB_IMPORT(fd_inotify) int wb_fd_inotify(int flags);
WB_IMPORT(fd_inotify_add) int wb_fd_inotify_add(int fd, int directory, uint32_t path, uint32_t mask);
WB_IMPORT(fd_inotify_remove) int wb_fd_inotify_remove(int fd, int watch);

/* --- Other programs: run ------------------------------------------------- */

#define WB_RUN_INHERIT (-1)
#define WB_RUN_PIPE (-2)

struct wb_run_start {
	uint32_t size;
	uint32_t arguments_at;
	uint32_t argument_count;
	uint32_t environment_at;
	uint32_t environment_count;
	int32_t standard_input; /* these three: written for WB_RUN_PIPE */
	int32_t standard_output;
	int32_t standard_error;
	uint32_t program_at; /* 0: the first argument */
	uint32_t directory; /* 0: the host's */
	uint32_t flags;
	uint32_t reserved;
};
WB_ASSERT_SIZE(wb_run_start, 48);

#define WB_RUN_ALL_DESCRIPTORS 1u
#define WB_RUN_ENDS_CHILD 2u

#define WB_FORK_BEGIN 0
#define WB_FORK_EXIT 1

WB_IMPORT(run_start) int wb_run_start(uint32_t req);
WB_IMPORT(run_fork) int wb_run_fork(int how, int status);
WB_IMPORT(run_wait) int wb_run_wait(int process, uint32_t status, int flags);
WB_IMPORT(run_kill) int wb_run_kill(int process, int number);

/* --- Sockets: net -------------------------------------------------------- */

WB_IMPORT(net_socket) int wb_net_socket(int family, int type, int protocol);
WB_IMPORT(net_bind) int wb_net_bind(int fd, uint32_t address, uint32_t size);
WB_IMPORT(net_connect) int wb_net_connect(int fd, uint32_t address, uint32_t size);
WB_IMPORT(net_listen) int wb_net_listen(int fd, int backlog);
WB_IMPORT(net_name) int wb_net_name(int fd, int which, uint32_t buf, uint32_t size);
WB_IMPORT(net_send) int wb_net_send(int fd, uint32_t at, uint32_t size, int flags, uint32_t address, uint32_t length);
WB_IMPORT(net_receive) int wb_net_receive(int fd, uint32_t buf, uint32_t size, int flags, uint32_t address, uint32_t length, uint32_t length_at);
WB_IMPORT(net_option) int wb_net_option(int fd, int level, int name, uint32_t value, uint32_t size);
WB_IMPORT(net_get_option) int wb_net_get_option(int fd, int level, int name, uint32_t buf, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif
