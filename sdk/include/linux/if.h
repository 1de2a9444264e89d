/* SPDX-License-Identifier: MIT */
/* Interfaces: the C library's types, so that both headers can be used together. */
#ifndef _LINUX_IF_H
#define _LINUX_IF_H

#include <net/if.h>

#ifndef IFNAMSIZ
#define IFNAMSIZ 16
#endif
#define IFALIASZ 256
#define ALTIFNAMSIZ 128

enum {
	IF_OPER_UNKNOWN,
	IF_OPER_NOTPRESENT,
	IF_OPER_DOWN,
	IF_OPER_LOWERLAYERDOWN,
	IF_OPER_TESTING,
	IF_OPER_DORMANT,
	IF_OPER_UP,
};

#endif
