/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _ASM_SIGNAL_H
#define _ASM_SIGNAL_H

#include <signal.h>

#endif
