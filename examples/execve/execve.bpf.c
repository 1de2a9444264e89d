/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "execve.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Events that found the ring buffer full. */
unsigned long long dropped = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

SEC("tp/syscalls/sys_enter_execve")
int enter_execve(struct trace_event_raw_sys_enter *ctx)
{
	struct execve_event *event;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	/* The page may not be in memory; BPF can't wait for it. */
	if (bpf_probe_read_user_str(event->file, sizeof(event->file),
				    (const char *)ctx->args[0]) <= 0) {
		event->file[0] = '?';
		event->file[1] = '\0';
	}
	bpf_ringbuf_submit(event, 0);
	return 0;
}
