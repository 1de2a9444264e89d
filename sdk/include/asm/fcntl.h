/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _ASM_FCNTL_H
#define _ASM_FCNTL_H

#include <fcntl.h>

#endif
