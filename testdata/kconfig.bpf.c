// Kernel options as each C type that a value fits, LINUX_* values, and options that no kernel has.
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig;
extern int LINUX_UNKNOWN_VALUE __kconfig __weak;

extern bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_NET __kconfig;
extern char CONFIG_INET __kconfig;
extern short CONFIG_NR_CPUS __kconfig;
extern int CONFIG_LOG_BUF_SHIFT __kconfig;
extern unsigned int CONFIG_PHYSICAL_ALIGN __kconfig __weak;
extern long CONFIG_HZ __kconfig;
extern unsigned long long CONFIG_ILLEGAL_POINTER_VALUE __kconfig __weak;
extern char CONFIG_DEFAULT_HOSTNAME[8] __kconfig;
extern char CONFIG_CC_VERSION_TEXT[200] __kconfig;
extern bool CONFIG_NO_SUCH_OPTION __kconfig __weak;
extern char CONFIG_NO_SUCH_TEXT[3] __kconfig __weak;

volatile unsigned long long numbers[13];
volatile char host[8];
volatile char compiler;

SEC("socket")
int read_all(struct __sk_buff *skb)
{
	numbers[0] = LINUX_KERNEL_VERSION;
	numbers[1] = LINUX_HAS_SYSCALL_WRAPPER;
	numbers[2] = LINUX_HAS_BPF_COOKIE;
	numbers[3] = LINUX_UNKNOWN_VALUE;
	numbers[4] = CONFIG_BPF_SYSCALL;
	numbers[5] = CONFIG_NET;
	numbers[6] = CONFIG_INET;
	numbers[7] = CONFIG_NR_CPUS;
	numbers[8] = CONFIG_LOG_BUF_SHIFT;
	numbers[9] = CONFIG_PHYSICAL_ALIGN;
	numbers[10] = CONFIG_HZ;
	numbers[11] = CONFIG_ILLEGAL_POINTER_VALUE;
	numbers[12] = CONFIG_NO_SUCH_OPTION + CONFIG_NO_SUCH_TEXT[0];
	for (int i = 0; i < sizeof(host); i++)
		host[i] = CONFIG_DEFAULT_HOSTNAME[i];
	compiler = CONFIG_CC_VERSION_TEXT[0];
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
