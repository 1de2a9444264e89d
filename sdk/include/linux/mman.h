/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _LINUX_MMAN_H
#define _LINUX_MMAN_H

#include <sys/mman.h>

#endif
