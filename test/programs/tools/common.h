/* What the programs have in common: their end by a signal, and "ready" when they observe. */
#ifndef COMMON_H
#define COMMON_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <bpf/libbpf.h>

extern volatile sig_atomic_t ended;
extern bool verbose;

/* Handlers of SIGINT and SIGTERM, and a print function that leaves out what is not important. */
void common_init(void);
/* Tells on standard output that everything is attached. */
void ready(void);
/* Prints what failed, as libbpf programs do; the error. */
int failed(const char *what, int err);

#endif
