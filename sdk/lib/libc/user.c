/* SPDX-License-Identifier: MIT */
/* Users are the host process's: a guest cannot become another one. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <unistd.h>

static int may_become(int is_already)
{
	if (is_already)
		return 0;
	errno = EPERM;
	return -1;
}

int setuid(uid_t user)
{
	return may_become(user == getuid());
}

int seteuid(uid_t user)
{
	return may_become(user == getuid());
}

int setgid(gid_t group)
{
	return may_become(group == getgid());
}

int setegid(gid_t group)
{
	return may_become(group == getgid());
}

int setreuid(uid_t real, uid_t effective)
{
	return may_become((real == (uid_t)-1 || real == getuid()) &&
			  (effective == (uid_t)-1 || effective == getuid()));
}

int setregid(gid_t real, gid_t effective)
{
	return may_become((real == (gid_t)-1 || real == getgid()) &&
			  (effective == (gid_t)-1 || effective == getgid()));
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return setreuid(real, effective) < 0 ? -1 : setreuid(saved, saved);
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	return setregid(real, effective) < 0 ? -1 : setregid(saved, saved);
}

int setgroups(size_t count, const gid_t *groups)
{
	return may_become(0);
}
