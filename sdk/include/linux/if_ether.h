/* SPDX-License-Identifier: MIT */
/* Ethernet: the C library's types, so that both headers can be used together, and newer protocols. */
#ifndef _LINUX_IF_ETHER_H
#define _LINUX_IF_ETHER_H

#include <linux/types.h>
#include <netinet/if_ether.h>

#define ETH_P_CANXL 0x000E
#define ETH_P_MCTP 0x00FA
#define ETH_P_PROFINET 0x8892
#define ETH_P_REALTEK 0x8899
#define ETH_P_ETHERCAT 0x88A4
#define ETH_P_CFM 0x8902
#define ETH_P_DSA_A5PSW 0xE001

#endif
