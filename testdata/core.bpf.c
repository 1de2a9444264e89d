// CO-RE relocations of every kind against the running kernel: fields, bitfields, arrays, flavors, types, enums.
// What the program found is in its variables.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct signal_struct {
	int nr_threads;
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	char comm[16];
	unsigned int sched_reset_on_fork : 1;
	unsigned int no_cgroup_migration : 1;
	int not_in_any_kernel;
};

/* An older layout of the same struct. */
struct task_struct___old {
	long state;
	int pid;
};

/* A struct and an enum that no kernel has. */
struct absent_struct {
	int field;
};

struct list_head {
	struct list_head *next, *prev;
};

#pragma clang attribute pop

enum absent_enum { ABSENT_VALUE = 1 };

enum bpf_map_type___kernel {
	BPF_MAP_TYPE_HASH___local = 77, /* the kernel's number is 1 */
	BPF_MAP_TYPE_NOT_THERE = 78,
};

typedef int (*absent_callback_t)(struct absent_struct *);

volatile int pid, tgid, flavor_pid, leader_tgid, threads;
volatile char comm[16];
volatile char third_letter;
volatile unsigned long long bitfield, bitfield_size, bitfield_signed, bitfield_left, bitfield_right;
volatile int offset_is_right, sizes, has_missing, has_pid, has_state;
volatile int type_exists, no_type, no_callback, type_size, no_type_size, type_matches, local_type, kernel_type;
volatile int no_kernel_type;
volatile long long enum_exists, enum_absent, no_enum, enum_value;

SEC("syscall")
int all_kinds(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct___old *old = (void *)task;

	/* byte offsets: a member, an element, a chain of pointers, a flavor */
	pid = BPF_CORE_READ(task, pid);
	tgid = BPF_CORE_READ(task, tgid);
	leader_tgid = BPF_CORE_READ(task, group_leader, tgid);
	threads = BPF_CORE_READ(task, signal, nr_threads);
	flavor_pid = BPF_CORE_READ(old, pid);
	bpf_core_read((void *)&third_letter, 1, &task->comm[2]);
	bpf_core_read_str((void *)comm, sizeof(comm), &task->comm);
	offset_is_right = bpf_core_field_offset(task->pid) != 0;

	/* existence; the branch that is not taken reads a field that no kernel has */
	has_pid = bpf_core_field_exists(task->pid);
	has_missing = bpf_core_field_exists(task->not_in_any_kernel);
	has_state = bpf_core_field_exists(struct task_struct___old, state);
	if (bpf_core_field_exists(task->not_in_any_kernel))
		pid = BPF_CORE_READ(task, not_in_any_kernel);

	/* sizes, signs, shifts */
	sizes = bpf_core_field_size(task->comm) * 100 + bpf_core_field_size(task->pid);
	bitfield = BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork);
	bitfield_size = bpf_core_field_size(task->no_cgroup_migration);
	bitfield_signed = __builtin_preserve_field_info(task->sched_reset_on_fork, BPF_FIELD_SIGNED) +
			  2 * __builtin_preserve_field_info(task->pid, BPF_FIELD_SIGNED);
	bitfield_left = __builtin_preserve_field_info(task->sched_reset_on_fork, BPF_FIELD_LSHIFT_U64);
	bitfield_right = __builtin_preserve_field_info(task->sched_reset_on_fork, BPF_FIELD_RSHIFT_U64);

	/* types */
	type_exists = bpf_core_type_exists(struct list_head);
	no_type = bpf_core_type_exists(struct absent_struct);
	no_callback = bpf_core_type_exists(absent_callback_t);
	type_size = bpf_core_type_size(struct list_head);
	no_type_size = bpf_core_type_size(struct absent_struct);
	local_type = bpf_core_type_id_local(struct list_head) != 0;
	kernel_type = bpf_core_type_id_kernel(struct list_head) != 0;
	no_kernel_type = bpf_core_type_id_kernel(struct absent_struct);
#if __clang_major__ >= 15
	type_matches = bpf_core_type_matches(struct list_head);
#else
	type_matches = 1; /* this compiler cannot ask */
#endif

	/* enums */
	enum_exists = bpf_core_enum_value_exists(enum bpf_map_type___kernel, BPF_MAP_TYPE_HASH___local);
	enum_absent = bpf_core_enum_value_exists(enum bpf_map_type___kernel, BPF_MAP_TYPE_NOT_THERE);
	no_enum = bpf_core_enum_value_exists(enum absent_enum, ABSENT_VALUE);
	enum_value = bpf_core_enum_value(enum bpf_map_type___kernel, BPF_MAP_TYPE_HASH___local);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
