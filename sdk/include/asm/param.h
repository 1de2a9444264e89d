/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _ASM_PARAM_H
#define _ASM_PARAM_H

#include <sys/param.h>

#endif
