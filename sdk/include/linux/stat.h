/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _LINUX_STAT_H
#define _LINUX_STAT_H

#include <sys/stat.h>

#endif
