/* Names that stay for programs written for older versions. */
#include <bpf/libbpf.h>

struct btf *btf__load_vmlinux_btf(void); /* this and the next: bpf/btf.h */
const void *btf__raw_data(const struct btf *btf, __u32 *size);

int libbpf_set_strict_mode(enum libbpf_strict_mode mode)
{
	(void)mode;
	return 0;
}

struct btf *libbpf_find_kernel_btf(void)
{
	return btf__load_vmlinux_btf();
}

const void *btf__get_raw_data(const struct btf *btf, __u32 *size)
{
	return btf__raw_data(btf, size);
}
