#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

int calls = 0, arguments = 0, results = 0, steps = 0, cookies = 0;
char last[16] = {};

SEC("uprobe")
int BPF_KPROBE(on_answer, int number)
{
	calls++;
	arguments += number;
	cookies += bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("uretprobe")
int BPF_KRETPROBE(on_result, int result)
{
	results += result;
	return 0;
}

SEC("usdt")
int BPF_USDT(on_step, int step, char *text)
{
	steps += step * 10;
	bpf_probe_read_user_str(last, sizeof(last), text);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
