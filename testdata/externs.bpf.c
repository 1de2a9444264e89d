// Kernel configuration values, kernel symbols with and without a type, kernel functions, weak ones.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_BPF __kconfig;
extern enum libbpf_tristate CONFIG_NOT_THERE_AT_ALL __kconfig __weak;
extern char CONFIG_CC_VERSION_TEXT[64] __kconfig __weak;
extern unsigned long long CONFIG_HZ __kconfig;

extern const void schedule __ksym;
extern const void not_in_any_kernel __ksym __weak;
extern const int no_such_variable __ksym __weak;

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern int absent_kfunc(int x) __ksym __weak;

volatile unsigned long long seen;

SEC("tp_btf/task_newtask")
int use(unsigned long long *ctx)
{
	struct task_struct *task = bpf_task_acquire((struct task_struct *)ctx[0]);

	if (task)
		bpf_task_release(task);
	seen = (unsigned long long)&schedule + CONFIG_HZ + LINUX_KERNEL_VERSION + CONFIG_BPF;
	if (&not_in_any_kernel)
		seen++;
	if (&no_such_variable)
		seen++;
	if (absent_kfunc)
		seen += absent_kfunc(1);
	seen += CONFIG_NOT_THERE_AT_ALL + CONFIG_CC_VERSION_TEXT[0];
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
