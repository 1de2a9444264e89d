/* SPDX-License-Identifier: MIT */
/* The C library's has all of it; structures of both in one program would clash. */
#ifndef _LINUX_IF_ARP_H
#define _LINUX_IF_ARP_H

#include <net/if_arp.h>

#endif
