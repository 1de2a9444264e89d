/* SPDX-License-Identifier: MIT */
/* The child of fork(). In fork.c, which is linked where a program calls that. */
#ifndef WASM_BPF_CHILD_H
#define WASM_BPF_CHILD_H

#include <stdbool.h>

/** Whether a child runs. Ends the guest when that has left the function to which fork() is to return. */
__attribute__((weak)) bool wb_in_child(void);

/** The parent goes on: fork() returns this process. */
__attribute__((weak)) _Noreturn void wb_end_child(int process);

#endif
