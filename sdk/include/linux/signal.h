/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _LINUX_SIGNAL_H
#define _LINUX_SIGNAL_H

#include <signal.h>

#endif
