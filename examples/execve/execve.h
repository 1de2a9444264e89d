/* SPDX-License-Identifier: MIT */
/* What the BPF program and the guest share. */
#ifndef EXECVE_H
#define EXECVE_H

struct execve_event {
	int pid;
	char comm[16]; /* of the caller */
	char file[256];
};

#endif
