/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _LINUX_TIME_H
#define _LINUX_TIME_H

#include <time.h>
#include <sys/time.h>

#endif
