/* SPDX-License-Identifier: MIT */
/* The C library has Linux's numbers. */
#include <errno.h>
