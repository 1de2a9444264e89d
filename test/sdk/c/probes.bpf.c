/* Probes of a program in user space, a perf event and an iterator. */
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/usdt.bpf.h>

int entries;
int returns;
int last_argument;
int offsets_hit;
int usdt_hits;
long long usdt_sum;
long long cookies;
int samples;

SEC("uprobe")
int BPF_KPROBE(on_entry, int argument)
{
	entries++;
	last_argument = argument;
	cookies += bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("uretprobe")
int on_return(struct pt_regs *ctx)
{
	returns++;
	return 0;
}

SEC("uprobe")
int at_offset(struct pt_regs *ctx)
{
	offsets_hit++;
	return 0;
}

SEC("usdt")
int BPF_USDT(on_usdt, int first, int second)
{
	usdt_hits++;
	usdt_sum += first * 100 + second + bpf_usdt_cookie(ctx);
	return 0;
}

SEC("perf_event")
int on_sample(void *ctx)
{
	__sync_fetch_and_add(&samples, 1);
	return 0;
}

struct seq_file;
struct task_struct;
struct bpf_iter_meta {
	struct seq_file *seq;
	unsigned long long seq_num;
} __attribute__((preserve_access_index));
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	if (ctx->task && ctx->meta->seq_num == 0)
		bpf_seq_write(ctx->meta->seq, "one\n", 4);
	return 0;
}
