/* SPDX-License-Identifier: MIT */
/*
 * Signals. Nothing interrupts a guest: the host ends the call that waits with
 * EINTR, and the handlers run right after it, before the caller sees the error.
 */
#define _GNU_SOURCE
#include "internal.h"
#include <bits/system-calls.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SIGNALS 64
#define HOST_SIGNALS 31 /* those that come from outside */

static struct sigaction actions[SIGNALS + 1];
static unsigned long blocked, waiting;

/* How many wait at the host, which writes it. In use from the first handler on. */
volatile uint32_t __wasm_bpf_signals_pending;

/* Handlers that ran, and those of them after which calls return EINTR. */
unsigned __wasm_bpf_signals_handled;
static unsigned interrupting;

/* In signalfd.c: takes those of the signals that somebody reads. */
__attribute__((weak)) unsigned long __wasm_bpf_divert_signals(unsigned long signals);

static unsigned long bit(int signal)
{
	return 1UL << (signal - 1);
}

static int is_valid(int signal)
{
	return signal >= 1 && signal <= SIGNALS;
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

/* The first two of the kernel's are not for programs. */
int __libc_current_sigrtmin(void)
{
	return 34;
}

int __libc_current_sigrtmax(void)
{
	return SIGNALS;
}

/* What the host does when the signal comes. A blocked one must not end the guest. */
static void tell_host(int signal)
{
	static int is_bound;
	int how = WB_SIGNAL_CATCH;

	if (signal > HOST_SIGNALS)
		return;
	if (!(blocked & bit(signal))) {
		if (actions[signal].sa_handler == SIG_DFL)
			how = WB_SIGNAL_DEFAULT;
		else if (actions[signal].sa_handler == SIG_IGN)
			how = WB_SIGNAL_IGNORE;
	}
	if (!is_bound) {
		is_bound = 1;
		wb_signal_bind(wb_address(&__wasm_bpf_signals_pending));
	}
	wb_signal_catch(signal, how);
}

void __wasm_bpf_restore_signals(void)
{
	for (int signal = 1; signal <= HOST_SIGNALS; signal++)
		if (signal != SIGKILL && signal != SIGSTOP)
			tell_host(signal);
	__wasm_bpf_signals_pending = 1; /* the host's count may be another one by now */
}

static void fetch(void)
{
	uint64_t mask = 0;

	wb_signal_take(wb_address(&mask));
	waiting |= mask;
}

static int does_nothing_by_default(int signal)
{
	return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG ||
	       signal == SIGWINCH;
}

static void run(int signal)
{
	struct sigaction action = actions[signal];
	unsigned long before = blocked;

	if (action.sa_handler == SIG_IGN)
		return;
	if (action.sa_handler == SIG_DFL) {
		if (does_nothing_by_default(signal))
			return;
		_Exit(128 + signal);
	}
	if (action.sa_flags & SA_RESETHAND) {
		actions[signal].sa_handler = SIG_DFL;
		tell_host(signal);
	}
	blocked |= action.sa_mask.__bits[0];
	if (!(action.sa_flags & SA_NODEFER))
		blocked |= bit(signal);
	__wasm_bpf_signals_handled++;
	if (!(action.sa_flags & SA_RESTART))
		interrupting++;
	if (action.sa_flags & SA_SIGINFO) {
		siginfo_t info = { .si_signo = signal, .si_code = SI_USER };

		action.sa_sigaction(signal, &info, NULL);
	} else {
		action.sa_handler(signal);
	}
	blocked = before;
}

/** Called by the libraries when an import returned -EINTR, or signals wait. */
void __wasm_bpf_run_signal_handlers(void)
{
	int error = errno;

	fetch();
	if (__wasm_bpf_divert_signals && waiting & blocked)
		waiting &= ~__wasm_bpf_divert_signals(waiting & blocked);
	for (int signal = 1; signal <= SIGNALS; signal++) {
		if (!(waiting & ~blocked & bit(signal)))
			continue;
		waiting &= ~bit(signal);
		run(signal);
	}
	errno = error;
}

/** Runs them; whether a call like read() goes on as if nothing had happened. */
int __wasm_bpf_signals_let_restart(void)
{
	unsigned before = interrupting;

	__wasm_bpf_run_signal_handlers();
	return interrupting == before;
}

int sigaction(int signal, const struct sigaction *restrict new,
	      struct sigaction *restrict old)
{
	if (!is_valid(signal) || (new && (signal == SIGKILL || signal == SIGSTOP)))
		return refuse(EINVAL);
	if (old)
		*old = actions[signal];
	if (new) {
		actions[signal] = *new;
		tell_host(signal);
	}
	return 0;
}

void (*signal(int number, void (*handler)(int)))(int)
{
	struct sigaction new = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct sigaction old;

	return sigaction(number, &new, &old) < 0 ? SIG_ERR : old.sa_handler;
}

void (*__sysv_signal(int number, void (*handler)(int)))(int)
{
	struct sigaction new = { .sa_handler = handler,
				 .sa_flags = SA_RESETHAND | SA_NODEFER };
	struct sigaction old;

	return sigaction(number, &new, &old) < 0 ? SIG_ERR : old.sa_handler;
}

extern __typeof(signal) bsd_signal __attribute__((weak, alias("signal")));
extern __typeof(signal) __bsd_signal __attribute__((weak, alias("signal")));

int raise(int signal)
{
	if (!is_valid(signal))
		return refuse(EINVAL);
	waiting |= bit(signal);
	__wasm_bpf_run_signal_handlers();
	return 0;
}

static int exists(pid_t pid)
{
	char path[32] = "/proc/";
	size_t end = 6, begin;

	do {
		path[end++] = (char)('0' + pid % 10);
	} while (pid /= 10);
	begin = 6;
	for (size_t last = end; begin + 1 < last; begin++) {
		char digit = path[begin];

		path[begin] = path[--last];
		path[last] = digit;
	}
	return access(path, F_OK) == 0;
}

/* Out of reach are processes that the guest did not start; whether they exist, /proc knows. */
int kill(pid_t pid, int signal)
{
	int result;

	if (signal < 0 || signal > SIGNALS)
		return refuse(EINVAL);
	if (pid == 0 || pid == getpid() || pid == -getpid())
		return signal == 0 ? 0 : raise(signal);
	if (pid < 0)
		return refuse(EPERM);
	result = wb_run_kill(pid, signal);
	if (result >= 0)
		return 0;
	if (result != -ESRCH && result != -EPERM)
		return refuse(-result);
	if (!exists(pid))
		return refuse(errno == EACCES ? EPERM : ESRCH);
	return signal == 0 ? 0 : refuse(EPERM);
}

long __wasm_bpf_SYS_kill(long pid, long signal, long c, long d, long e, long f)
{
	return kill((pid_t)pid, (int)signal) < 0 ? -errno : 0;
}

long __wasm_bpf_SYS_tgkill(long group, long thread, long signal, long d, long e, long f)
{
	return kill((pid_t)thread, (int)signal) < 0 ? -errno : 0;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	unsigned long before = blocked;

	if (set) {
		if (how == SIG_BLOCK)
			blocked |= set->__bits[0];
		else if (how == SIG_UNBLOCK)
			blocked &= ~set->__bits[0];
		else if (how == SIG_SETMASK)
			blocked = set->__bits[0];
		else
			return refuse(EINVAL);
		blocked &= ~(bit(SIGKILL) | bit(SIGSTOP));
		for (int signal = 1; signal <= HOST_SIGNALS; signal++)
			if ((before ^ blocked) & bit(signal) && signal != SIGKILL &&
			    signal != SIGSTOP)
				tell_host(signal);
	}
	if (old)
		*old = (sigset_t){ { before } };
	if (set)
		__wasm_bpf_run_signal_handlers();
	return 0;
}

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return sigprocmask(how, set, old) < 0 ? errno : 0;
}

int sigpending(sigset_t *set)
{
	fetch();
	*set = (sigset_t){ { waiting & blocked } };
	return 0;
}

/* ---- Waiting ---- */

long __wasm_bpf_SYS_pause(long a, long b, long c, long d, long e, long f)
{
	unsigned before = __wasm_bpf_signals_handled;

	__wasm_bpf_run_signal_handlers();
	while (__wasm_bpf_signals_handled == before) {
		int result = wb_signal_wait();

		if (result != -EINTR)
			return result < 0 ? result : -ENOSYS;
		__wasm_bpf_run_signal_handlers();
	}
	return -EINTR;
}

long __wasm_bpf_SYS_rt_sigsuspend(long set, long size, long c, long d, long e, long f)
{
	unsigned before = __wasm_bpf_signals_handled;
	sigset_t old;
	long result = -EINTR;

	sigprocmask(SIG_SETMASK, (const sigset_t *)set, &old);
	if (__wasm_bpf_signals_handled == before)
		result = __wasm_bpf_SYS_pause(0, 0, 0, 0, 0, 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return result;
}

static long until(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (end->tv_sec - now.tv_sec) * 1000000000L + (end->tv_nsec - now.tv_nsec);
}

/* Signals of the set should be blocked; they are taken, not handled. */
long __wasm_bpf_SYS_rt_sigtimedwait(long set_at, long info_at, long timeout_at, long size,
				    long e, long f)
{
	unsigned long set = ((const sigset_t *)set_at)->__bits[0];
	const struct timespec *timeout = (const struct timespec *)timeout_at;
	siginfo_t *info = (siginfo_t *)info_at;
	unsigned before = __wasm_bpf_signals_handled;
	struct timespec end;

	if (timeout) {
		clock_gettime(CLOCK_MONOTONIC, &end);
		end.tv_sec += timeout->tv_sec;
		end.tv_nsec += timeout->tv_nsec;
	}
	for (;;) {
		fetch();
		if (waiting & set) {
			int signal = __builtin_ctzl(waiting & set) + 1;

			waiting &= ~bit(signal);
			if (info)
				*info = (siginfo_t){ .si_signo = signal, .si_code = SI_USER };
			return signal;
		}
		__wasm_bpf_run_signal_handlers();
		if (__wasm_bpf_signals_handled != before)
			return -EINTR;
		if (!timeout) {
			int result = wb_signal_wait();

			if (result != -EINTR)
				return result < 0 ? result : -ENOSYS;
		} else {
			long left = until(&end);
			/* NB: not to the end, or the signals would be taken and handled by the sleep. */
			struct timespec pause = { 0, left < 5000000 ? left : 5000000 };

			if (left <= 0)
				return -EAGAIN;
			clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		}
	}
}

/* ---- Timers ---- */

long __wasm_bpf_SYS_setitimer(long which, long new, long old, long d, long e, long f)
{
	return wb_signal_timer((int)which, (uint32_t)new, (uint32_t)old);
}

long __wasm_bpf_SYS_getitimer(long which, long current, long c, long d, long e, long f)
{
	return wb_signal_timer((int)which, 0, (uint32_t)current);
}
