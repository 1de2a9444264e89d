/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _ASM_TERMBITS_H
#define _ASM_TERMBITS_H

#include <termios.h>

#endif
