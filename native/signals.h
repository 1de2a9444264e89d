/*
 * Signals that wake waiting calls. State is per process: handlers are, too.
 *
 * The first SIGINT or SIGTERM becomes pending and starts a timer of grace_ms; unless signals_release() comes
 * first, the timer ends the process with 128 + signal, whatever it is doing. A second
 * SIGINT or SIGTERM does so at once. Other caught signals only become pending.
 *
 * A guest may handle or ignore a signal itself: signals_dispose(). One that handles SIGINT, SIGTERM or SIGHUP has a
 * grace of its own, which ends when it takes the signal. The third of one number is a last warning, bit 0 of what is
 * pending, and half a second later the process ends; the fourth ends it at once.
 *
 * The grace is the guest's: it does not run between signals_hold() and signals_resume(), while the host works.
 */
#ifndef WASM_BPF_SIGNALS_H
#define WASM_BPF_SIGNALS_H

#include <stdint.h>

enum { SIGNALS_DEFAULT, SIGNALS_IGNORED, SIGNALS_CAUGHT };

/* Installs handlers for the signals in `mask` (bit n = signal n, 1..31), besides those caught already. */
int64_t signals_catch(uint32_t mask, uint32_t grace_ms);
/*
 * Who handles a signal, SIGNALS_*; it stays caught by this process in any case. Ignored ones are only left out when
 * they would end the process: who takes pending signals leaves out the others. The grace counts for all that are handled.
 */
int64_t signals_dispose(int signo, int how, uint32_t grace_ms);
/* The guest took the signals that were pending: the grace of a signal that it handles is over. */
int64_t signals_taken(void);
/* Restores the handlers that were there before, stops the timer, forgets pending signals. */
int64_t signals_release(void);
/* Stops the timer, also that of a signal still to come. */
int64_t signals_hold(void);
/* The timer goes on with the rest of its time. */
int64_t signals_resume(void);
/* Pending signals as a mask; they are not pending any more afterwards. */
uint32_t signals_take(void);
int signals_pending(void);
/* Readable while a signal is pending; -1 when none is caught. */
int signals_wake_fd(void);
/* Makes the descriptor unreadable again when nothing is pending any more. */
void signals_settle(void);

#endif
