/* SPDX-License-Identifier: MIT */
/* BPF has a 64-bit long; glibc's header of a machine takes every other target for a 32-bit one. */
#define __WORDSIZE 64
