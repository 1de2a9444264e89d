/* SPDX-License-Identifier: MIT */
/* Generic actions. */
#ifndef _LINUX_TC_ACT_TC_GACT_H
#define _LINUX_TC_ACT_TC_GACT_H

#include <linux/types.h>
#include <linux/pkt_cls.h>

struct tc_gact {
	__u32 index;
	__u32 capab;
	int action;
	int refcnt;
	int bindcnt;
};

struct tc_gact_p {
	__u16 ptype;
	__u16 pval;
	int paction;
};

#define PGACT_NONE 0
#define PGACT_NETRAND 1
#define PGACT_DETERM 2
#define MAX_RAND (PGACT_DETERM + 1 )

enum {
	TCA_GACT_UNSPEC,
	TCA_GACT_TM,
	TCA_GACT_PARMS,
	TCA_GACT_PROB,
	TCA_GACT_PAD,
	__TCA_GACT_MAX,
};

#define TCA_GACT_MAX (__TCA_GACT_MAX - 1)

#endif
