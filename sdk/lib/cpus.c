#include <bpf/libbpf.h>
#include "internal.h"

int libbpf_num_possible_cpus(void)
{
	return wb_result(wb_system_info(WB_INFO_POSSIBLE_CPUS));
}
