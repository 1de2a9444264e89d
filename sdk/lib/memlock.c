#include <bpf/bpf.h>

/* The host raises its own limit where the kernel needs that: there is nothing that the guest could say about it. */
int libbpf_set_memlock_rlim(size_t memlock_bytes)
{
	(void)memlock_bytes;
	return 0;
}
