#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "opens.h"

const volatile unsigned int only_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct open_event);
} started SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

SEC("tp/syscalls/sys_enter_openat")
int on_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 thread = id;
	struct open_event event = { .pid = id >> 32, .flags = (int)ctx->args[2] };

	if (event.pid != only_pid)
		return 0;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_probe_read_user_str(event.file, sizeof(event.file), (void *)ctx->args[1]);
	bpf_map_update_elem(&started, &thread, &event, BPF_ANY);
	return 0;
}

SEC("tp/syscalls/sys_exit_openat")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct open_event *event = bpf_map_lookup_elem(&started, &thread);

	if (!event)
		return 0;
	event->result = (int)ctx->ret;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(*event));
	bpf_map_delete_elem(&started, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
