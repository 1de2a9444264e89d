/* SPDX-License-Identifier: MIT */
/* What the BPF programs and the guest share. */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#define COMM_LENGTH 16
#define FILENAME_LENGTH 256

/* An exec, or, cut off before `filename`, an exit. */
struct event {
	unsigned long long duration_ns; /* 0: not known, started before us */
	int pid;
	int ppid;
	unsigned int exit_code;
	unsigned int is_exit;
	char comm[COMM_LENGTH];
	char filename[FILENAME_LENGTH];
};

#endif
