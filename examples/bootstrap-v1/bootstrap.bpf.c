/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "bootstrap.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Set by bootstrap.c before load: report only exits of processes this old. */
const volatile unsigned long long min_duration_ns = 0;

/* Events that found the ring buffer full. */
unsigned long long dropped = 0;

/* Start time by process id, for every process that called exec. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, unsigned long long);
} started SEC(".maps");

/* Holds the events of more than 10,000 processes while bootstrap.c is away. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

/*
 * The fields of task_struct that are read here. CO-RE finds them in the running
 * kernel's struct; the whole of it would be 25 KB of type information.
 */
struct task_struct___used {
	struct task_struct___used *real_parent;
	int tgid;
	int exit_code;
} __attribute__((preserve_access_index));

/* The parts of an event that execs and exits have in common. */
static void fill(struct event *event, int pid, unsigned int is_exit)
{
	struct task_struct___used *task = (void *)bpf_get_current_task();

	event->pid = pid;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->is_exit = is_exit;
	event->exit_code = is_exit ? BPF_CORE_READ(task, exit_code) >> 8 & 0xff : 0;
	event->duration_ns = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
}

SEC("tp/sched/sched_process_exec")
int handle_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	/* The path's offset in the tracepoint's record; its length is above. */
	unsigned int path = ctx->__data_loc_filename & 0xffff;
	unsigned long long now = bpf_ktime_get_ns();
	int pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;

	bpf_map_update_elem(&started, &pid, &now, BPF_ANY);
	if (min_duration_ns)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	fill(event, pid, 0);
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename),
				  (void *)ctx + path);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tp/sched/sched_process_exit")
int handle_exit(void *ctx)
{
	unsigned long long ids = bpf_get_current_pid_tgid();
	unsigned long long *start, duration_ns = 0;
	int pid = ids >> 32;
	struct event *event;

	/* A thread, not the process. */
	if (pid != (int)ids)
		return 0;
	start = bpf_map_lookup_elem(&started, &pid);
	if (start) {
		duration_ns = bpf_ktime_get_ns() - *start;
		bpf_map_delete_elem(&started, &pid);
	}
	if (min_duration_ns && duration_ns < min_duration_ns)
		return 0;
	event = bpf_ringbuf_reserve(&events, offsetof(struct event, filename), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	fill(event, pid, 1);
	event->duration_ns = duration_ns;
	bpf_ringbuf_submit(event, 0);
	return 0;
}
