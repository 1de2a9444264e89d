/* SPDX-License-Identifier: MIT */
/* What the BPF programs and the guest share. */
#ifndef RUNQLAT_H
#define RUNQLAT_H

#define SLOTS 26
#define COMM_LENGTH 16

/* Slot n counts latencies from 2^n up to 2^(n+1) - 1, the last one longer too. */
struct histogram {
	unsigned int slots[SLOTS];
	char comm[COMM_LENGTH];
};

enum group { GROUP_ALL, GROUP_PROCESS, GROUP_THREAD };

#endif
