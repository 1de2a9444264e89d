/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _LINUX_PRCTL_H
#define _LINUX_PRCTL_H

#include <sys/prctl.h>

#endif
