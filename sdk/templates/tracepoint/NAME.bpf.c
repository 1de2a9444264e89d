/* The kernel half: reports every file that is opened. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "NAME.h"

/* Many helpers of the kernel are for GPL programs only. */
char LICENSE[] SEC("license") = "GPL";

/* Set by NAME.c before load: only this process, or all for 0. */
const volatile int only_pid = 0;

/* Events that found the ring buffer full; NAME.c says so at the end. */
unsigned long long dropped = 0;

/* Read by NAME.c as it fills. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/* Its fields are in /sys/kernel/tracing/events/syscalls/sys_enter_openat/format. */
SEC("tp/syscalls/sys_enter_openat")
int on_openat(struct trace_event_raw_sys_enter *ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;

	if (only_pid && pid != only_pid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	event->pid = pid;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	/* BPF can't wait for a page that is not in memory. */
	if (bpf_probe_read_user_str(event->file, sizeof(event->file),
				    (const char *)ctx->args[1]) <= 0) {
		event->file[0] = '?';
		event->file[1] = '\0';
	}
	bpf_ringbuf_submit(event, 0);
	return 0;
}
