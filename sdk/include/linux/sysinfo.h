/* SPDX-License-Identifier: MIT */
/* The C library has struct sysinfo. */
#ifndef _LINUX_SYSINFO_H
#define _LINUX_SYSINFO_H

#include <sys/sysinfo.h>

#endif
