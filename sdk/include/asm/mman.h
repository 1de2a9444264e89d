/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _ASM_MMAN_H
#define _ASM_MMAN_H

#include <sys/mman.h>

#endif
