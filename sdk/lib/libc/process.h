/* SPDX-License-Identifier: MIT */
/* Other programs, which need the host's --allow-run. */
#ifndef WASM_BPF_PROCESS_H
#define WASM_BPF_PROCESS_H

#include <stdint.h>

/**
 * Starts a program. `streams` are the descriptors of its standard streams, or
 * WB_RUN_INHERIT; WB_RUN_PIPE is replaced by the end of a new pipe.
 *
 * @param environment NULL: the guest's
 * @return its id, or -errno
 */
int wb_start(const char *program, char *const *arguments, char *const *environment,
	     int32_t streams[3]);

struct wb_run_start;

/** Fills in the arguments and the environment of a request, and does it; the id, or -errno. */
int wb_start_request(struct wb_run_start *request, char *const *arguments, char *const *environment);

/** waitpid() that handles signals; the id, 0 or -errno. */
int wb_wait(int process, int *status, int options);

#endif
