/* SPDX-License-Identifier: MIT */
/* The C library has it. */
#ifndef _ASM_SOCKET_H
#define _ASM_SOCKET_H

#include <sys/socket.h>

#endif
