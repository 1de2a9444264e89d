/* The kernel half: one process may not make directories. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "NAME.h"

#define EPERM 1

/* Security modules are for GPL programs only. */
char LICENSE[] SEC("license") = "GPL";

/* Set by NAME.c before load; no process has the number 0. */
const volatile int only_pid = 0;

/* Events that found the ring buffer full; NAME.c says so at the end. */
unsigned long long dropped = 0;

/* Read by NAME.c as it fills. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

/* Other hooks are the functions bpf_lsm_... of vmlinux.h. */
SEC("lsm/inode_mkdir")
int BPF_PROG(on_mkdir, struct inode *dir, struct dentry *dentry, umode_t mode,
	     int result)
{
	int pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;

	if (result)
		return result; /* a program before this one has denied it */
	if (pid != only_pid)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (event) {
		event->pid = pid;
		bpf_get_current_comm(event->comm, sizeof(event->comm));
		bpf_probe_read_kernel_str(event->name, sizeof(event->name),
					  BPF_CORE_READ(dentry, d_name.name));
		bpf_ringbuf_submit(event, 0);
	} else {
		__sync_fetch_and_add(&dropped, 1);
	}
	return -EPERM;
}
