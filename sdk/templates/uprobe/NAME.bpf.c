/* The kernel half: reports each call of a function of a program or library. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "NAME.h"

/* Many helpers of the kernel are for GPL programs only. */
char LICENSE[] SEC("license") = "GPL";

/* Events that found the ring buffer full; NAME.c says so at the end. */
unsigned long long dropped = 0;

/* Read by NAME.c as it fills. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/* NAME.c says which function; "uretprobe" would be called when it returns. */
SEC("uprobe")
int BPF_KPROBE(on_call, unsigned long argument)
{
	struct event *event;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	event->argument = argument;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
