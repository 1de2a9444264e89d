/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _ASM_IOCTLS_H
#define _ASM_IOCTLS_H

#include <sys/ioctl.h>

#endif
