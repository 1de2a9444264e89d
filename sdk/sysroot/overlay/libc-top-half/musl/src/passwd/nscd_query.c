/* SPDX-License-Identifier: MIT */
/* Users and groups that are not in the files: no service is asked for more. */
#include <errno.h>
#include <pwd.h>
#include "pwf.h"

FILE *__nscd_query(int32_t request, const char *key, int32_t *answer, size_t size,
		   int *swapped)
{
	(void)request;
	(void)key;
	(void)answer;
	(void)size;
	(void)swapped;
	errno = 0;
	return NULL;
}
