/* SPDX-License-Identifier: MIT */
/* What the library keeps for a descriptor of the host: the other end of a signalfd. */
#ifndef WASM_BPF_COMPANION_H
#define WASM_BPF_COMPANION_H

struct wb_companion {
	int numbers; /* that lead to it */
	void (*end)(struct wb_companion *companion);
};

/**
 * From now on `companion` goes with `fd`; `end`, which tells its kind, frees it when its last number is closed.
 * 0 or -ENOMEM.
 */
int wb_companion_add(struct wb_companion *companion, int fd, void (*end)(struct wb_companion *));

/** That of `fd` whose kind is `end`'s, or NULL. */
struct wb_companion *wb_companion_of(int fd, void (*end)(struct wb_companion *));

/** The number is closed, or means another descriptor from now on. */
void wb_companion_end(int fd);

/** wb_fd_dup() for programs: numbers are below RLIMIT_NOFILE, and a new one leads to the companion, too. */
int wb_companion_dup(int fd, int to, int how, int flags);

#endif
