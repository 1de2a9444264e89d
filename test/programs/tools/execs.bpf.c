#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "execs.h"

const volatile int parent = 0;
unsigned long long seen = 0;
int exits[2] = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

static int report(void *ctx, const char *file, int code)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int ppid = BPF_CORE_READ(task, real_parent, tgid);
	struct exec_event *event;

	if (ppid != parent)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->when = bpf_ktime_get_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = ppid;
	event->code = code;
	event->file[0] = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (file)
		bpf_probe_read_kernel_str(event->file, sizeof(event->file), file);
	bpf_ringbuf_submit(event, 0);
	__sync_fetch_and_add(&seen, 1);
	return 0;
}

SEC("tp/sched/sched_process_exec")
int on_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	return report(ctx, (void *)ctx + (ctx->__data_loc_filename & 0xffff), -1);
}

SEC("tp/sched/sched_process_exit")
int on_exit(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int code = BPF_CORE_READ(task, exit_code) >> 8;

	if (BPF_CORE_READ(task, real_parent, tgid) == parent)
		__sync_fetch_and_add(&exits[code != 0], 1);
	return report(ctx, NULL, code);
}

/* Not wanted: it must not be loaded. */
SEC("tp/nothing/of_this_kind")
int never(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
