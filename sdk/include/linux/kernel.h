/* SPDX-License-Identifier: MIT */
/* The C library has struct sysinfo. */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <linux/const.h>
#include <linux/sysinfo.h>

#endif
