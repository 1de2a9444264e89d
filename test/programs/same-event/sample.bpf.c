/* Sends one record when a process of interest executes a program. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "sample.h"

const volatile pid_t target = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} samples SEC(".maps");

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	struct reading *sample;

	if (BPF_CORE_READ(task, tgid) != target)
		return 0;
	sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	if (!sample)
		return 0;
	__builtin_memset(sample, 0, sizeof(*sample));
	sample->first = 'a';
	sample->negative = -0x123456789abcdefL;
	sample->counts[0] = 1;
	sample->counts[1] = 1UL << 40;
	sample->counts[2] = ~0UL;
	sample->task = task;
	sample->name_at = (const char *)&task->comm;
	sample->nested.small = -2;
	sample->nested.inner = 0xfedcba9876543210;
	sample->whole = 0x8877665544332211;
	sample->kind = SAMPLE_EXEC;
	sample->low = 5;
	sample->middle = 0x1abc;
	sample->high = 0xbeef;
	sample->yes = 1;
	sample->started_ns = BPF_CORE_READ(task, start_time);
	sample->pid = target;
	BPF_CORE_READ_STR_INTO(&sample->comm, task, comm);
	sample->last = 'z';
	bpf_ringbuf_submit(sample, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
