/* SPDX-License-Identifier: MIT */
/* IPv4: the C library's types, so that both headers can be used together, and what it lacks. */
#ifndef _LINUX_IN_H
#define _LINUX_IN_H

#include <linux/types.h>
#include <netinet/in.h>

#define __SOCK_SIZE__ 16
#define INADDR_DUMMY ((unsigned long)0xc0000008)
#define IN_CLASSE_NET 0xffffffff
#define IN_CLASSE_NSHIFT 0
#define IN_MULTICAST_NET 0xe0000000
#define IP_LOCAL_PORT_RANGE 51
#define IP_PROTOCOL 52
#ifndef IPPROTO_L2TP
#define IPPROTO_L2TP 115
#endif

#endif
