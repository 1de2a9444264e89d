/* Work of the kernel's build on types, which a guest cannot do. */
#include "btf-internal.h"

int btf__distill_base(const struct btf *src_btf, struct btf **new_base_btf, struct btf **new_split_btf)
{
	(void)src_btf;
	(void)new_base_btf;
	(void)new_split_btf;
	return wb_fail(EOPNOTSUPP);
}

int btf__relocate(struct btf *btf, const struct btf *base_btf)
{
	(void)btf;
	(void)base_btf;
	return wb_fail(EOPNOTSUPP);
}
