/* SPDX-License-Identifier: MIT */
/* getopt() with its state as a value, which argp uses as well. */
#ifndef WASM_BPF_GETOPT_STATE_H
#define WASM_BPF_GETOPT_STATE_H

#include <getopt.h>

struct wb_getopt {
	int index; /* next element of argv; 0: begin anew */
	int option; /* the one that an error is about */
	int print_errors;
	char *argument;
	/* Private. */
	int started;
	int order;
	char *rest; /* of a group of short options */
	int first_skipped, end_skipped; /* arguments that were passed over */
};

int wb_getopt(struct wb_getopt *state, int argc, char **argv, const char *shorts,
	      const struct option *longs, int *long_index, int long_only);

#endif
