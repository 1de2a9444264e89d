/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _LINUX_UN_H
#define _LINUX_UN_H

#include <sys/un.h>

#endif
