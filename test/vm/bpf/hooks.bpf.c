// One program per hook that needs another kernel than a developer's machine may have. Every program counts what the
// process `target_tgid` does, and nothing else; the two that deny do so for that process alone, when it asks for it.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1
#define EACCES 13

char LICENSE[] SEC("license") = "GPL";

__u32 target_tgid = 0;

// Set by the test for the moment in which an operation shall be refused.
__u32 deny_mkdir = false;
__u32 deny_rmdir = false;

struct seen {
  __u64 count;
  __s64 value;
  char name[32];
};

struct seen kprobe_seen;
struct seen kretprobe_seen;
struct seen fentry_seen;
struct seen fexit_seen;
struct seen fmod_ret_seen;
struct seen lsm_seen;
struct seen lsm_sleepable_seen;
struct seen raw_tp_seen;
struct seen tp_btf_seen;
struct seen tracepoint_seen;

static __always_inline bool is_target(void) {
  return target_tgid != 0 && (bpf_get_current_pid_tgid() >> 32) == target_tgid;
}

static __always_inline void see(struct seen *seen, __s64 value) {
  seen->count++;
  seen->value = value;
}

SEC("kprobe/do_unlinkat")
int BPF_KPROBE(on_kprobe, int dfd, struct filename *name) {
  if (!is_target()) return 0;
  see(&kprobe_seen, dfd);
  const char *path = BPF_CORE_READ(name, name);
  bpf_probe_read_kernel_str(kprobe_seen.name, sizeof(kprobe_seen.name), path);
  return 0;
}

SEC("kretprobe/do_unlinkat")
int BPF_KRETPROBE(on_kretprobe, int result) {
  if (is_target()) see(&kretprobe_seen, result);
  return 0;
}

SEC("fentry/do_unlinkat")
int BPF_PROG(on_fentry, int dfd, struct filename *name) {
  if (!is_target()) return 0;
  see(&fentry_seen, dfd);
  bpf_probe_read_kernel_str(fentry_seen.name, sizeof(fentry_seen.name), name->name);
  return 0;
}

SEC("fexit/do_unlinkat")
int BPF_PROG(on_fexit, int dfd, struct filename *name, int result) {
  if (!is_target()) return 0;
  see(&fexit_seen, result);
  bpf_probe_read_kernel_str(fexit_seen.name, sizeof(fexit_seen.name), name->name);
  return 0;
}

SEC("fmod_ret/security_inode_rmdir")
int BPF_PROG(on_fmod_ret, struct inode *dir, struct dentry *dentry, int result) {
  if (!is_target()) return result;
  see(&fmod_ret_seen, result);
  return deny_rmdir ? -EACCES : result;
}

SEC("lsm/inode_mkdir")
int BPF_PROG(on_lsm, struct inode *dir, struct dentry *dentry, umode_t mode, int result) {
  if (!is_target()) return 0;
  see(&lsm_seen, mode);
  bpf_probe_read_kernel_str(lsm_seen.name, sizeof(lsm_seen.name), BPF_CORE_READ(dentry, d_name.name));
  return deny_mkdir ? -EPERM : 0;
}

SEC("lsm.s/file_open")
int BPF_PROG(on_lsm_sleepable, struct file *file, int result) {
  if (is_target()) see(&lsm_sleepable_seen, result);
  return 0;
}

SEC("raw_tp/sched_process_exec")
int on_raw_tp(struct bpf_raw_tracepoint_args *context) {
  struct task_struct *task = (struct task_struct *)context->args[0];
  struct linux_binprm *program = (struct linux_binprm *)context->args[2];
  if (target_tgid == 0 || BPF_CORE_READ(task, real_parent, tgid) != target_tgid) return 0;
  see(&raw_tp_seen, BPF_CORE_READ(task, tgid));
  const char *path = BPF_CORE_READ(program, filename);
  bpf_probe_read_kernel_str(raw_tp_seen.name, sizeof(raw_tp_seen.name), path);
  return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_tp_btf, struct task_struct *task, pid_t old_pid, struct linux_binprm *program) {
  if (target_tgid == 0 || task->real_parent->tgid != target_tgid) return 0;
  see(&tp_btf_seen, task->tgid);
  bpf_probe_read_kernel_str(tp_btf_seen.name, sizeof(tp_btf_seen.name), program->filename);
  return 0;
}

SEC("tracepoint/syscalls/sys_enter_statfs")
int on_tracepoint(struct trace_event_raw_sys_enter *context) {
  if (!is_target()) return 0;
  see(&tracepoint_seen, context->id);
  bpf_probe_read_user_str(tracepoint_seen.name, sizeof(tracepoint_seen.name), (const char *)context->args[0]);
  return 0;
}
