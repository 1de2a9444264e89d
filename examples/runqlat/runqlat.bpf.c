/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "runqlat.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define TASK_RUNNING 0

/* Set by the guest before load. */
const volatile int only_pid = 0; /* a process, or 0 for all */
const volatile int group_by = GROUP_ALL;
const volatile bool milliseconds = false;

/* When a thread became runnable, by thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u64);
} runnable_since SEC(".maps");

/* By process id, thread id or, for GROUP_ALL, under 0. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct histogram);
} histograms SEC(".maps");

static const struct histogram empty;

/*
 * The fields of task_struct that are read here. CO-RE finds them in the running
 * kernel's struct; the whole of it would be 25 KB of type information.
 */
struct task_struct___used {
	unsigned int __state;
	int pid;
	int tgid;
	char comm[COMM_LENGTH];
} __attribute__((preserve_access_index));

/* What __state was before Linux 5.14. */
struct task_struct___old {
	volatile long state;
} __attribute__((preserve_access_index));

static bool is_runnable(struct task_struct___used *task)
{
	struct task_struct___old *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state) == TASK_RUNNING;
	return BPF_CORE_READ(old, state) == TASK_RUNNING;
}

static void enqueued(struct task_struct___used *task)
{
	u32 tid = BPF_CORE_READ(task, pid);
	u64 now;

	if (!tid || (only_pid && BPF_CORE_READ(task, tgid) != only_pid))
		return;
	now = bpf_ktime_get_ns();
	bpf_map_update_elem(&runnable_since, &tid, &now, BPF_ANY);
}

/* The position of the highest bit that is set; 0 for 0. */
static u32 log2(u64 value)
{
	u32 bits = 0, step;

#pragma unroll
	for (step = 32; step; step /= 2)
		if (value >> step) {
			value >>= step;
			bits += step;
		}
	return bits;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(handle_wakeup, struct task_struct___used *task)
{
	enqueued(task);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(handle_wakeup_new, struct task_struct___used *task)
{
	enqueued(task);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(handle_switch, bool preempt, struct task_struct___used *prev,
	     struct task_struct___used *next)
{
	struct histogram *histogram;
	u32 tid, key = 0, slot;
	s64 waited;
	u64 *since;

	/* Pushed off its CPU, and waiting again from now on. */
	if (is_runnable(prev))
		enqueued(prev);

	tid = BPF_CORE_READ(next, pid);
	since = bpf_map_lookup_elem(&runnable_since, &tid);
	if (!since)
		return 0;
	waited = bpf_ktime_get_ns() - *since;
	bpf_map_delete_elem(&runnable_since, &tid);
	if (waited < 0)
		return 0;

	if (group_by == GROUP_PROCESS)
		key = BPF_CORE_READ(next, tgid);
	else if (group_by == GROUP_THREAD)
		key = tid;
	histogram = bpf_map_lookup_elem(&histograms, &key);
	if (!histogram) {
		bpf_map_update_elem(&histograms, &key, &empty, BPF_NOEXIST);
		histogram = bpf_map_lookup_elem(&histograms, &key);
		if (!histogram)
			return 0;
		BPF_CORE_READ_STR_INTO(&histogram->comm, next, comm);
	}
	slot = log2((u64)waited / (milliseconds ? 1000000 : 1000));
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	__sync_fetch_and_add(&histogram->slots[slot], 1);
	return 0;
}
