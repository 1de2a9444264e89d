#define _GNU_SOURCE
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The timer's signal. Real-time signals 32..34 belong to the C libraries; the last one is free, and its kernel
 * number is the same everywhere, unlike the SIGRTMAX that a library reserves at run time.
 */
#define TIMER_SIGNAL 64
#define IS_TERMINATION(n) ((n) == SIGINT || (n) == SIGTERM || (n) == SIGHUP)
/* Of one signal that the guest handles or ignores: the one that ends it all the same, and the one that does at once. */
#define LAST_WARNING 3
#define ENDING_MS 500
/* In `pending`: the guest is to be ended by the signal of `first_termination`, though it handles it. */
#define ENDING 1u

static atomic_uint pending;
/* Of signals that the guest does not handle. */
static atomic_int terminations;
/* The signal whose time runs. */
static atomic_int first_termination;
static atomic_bool running;
static atomic_int dispositions[32];
static atomic_int counts[32];
/* For signals that the guest handles. */
static atomic_uint handled_grace_ms;
static atomic_int wake_fd = -1;
static atomic_uint grace_ms;
static atomic_bool held;
/* What is left of the grace while it is held; 0 is no signal yet. */
static atomic_uint left_ms;
static int timer_id = -1;
static uint32_t caught;
static struct sigaction previous[32];
static struct sigaction previous_timer;

/* Returns what was left of the time before, 0 when it did not run. */
static uint32_t set_timer(uint32_t ms)
{
	struct itimerspec value = { { 0, 0 }, { ms / 1000, (long)(ms % 1000) * 1000000 } };
	struct itimerspec old = { { 0, 0 }, { 0, 0 } };

	if (timer_id < 0 || syscall(SYS_timer_settime, timer_id, 0, &value, &old) < 0)
		return 0;
	/* Rounded up: a running timer has some time left. */
	return (uint32_t)old.it_value.tv_sec * 1000 + (uint32_t)((old.it_value.tv_nsec + 999999) / 1000000);
}

/* From now on the signal's time runs, unless it or another's does. */
static void start_grace(int signo, uint32_t ms)
{
	if (atomic_exchange(&running, true))
		return;
	atomic_store(&first_termination, signo);
	if (atomic_load(&held))
		atomic_store(&left_ms, ms);
	else
		set_timer(ms);
}

/* Whether the signal becomes pending; some end the process here. */
static bool on_termination(int signo)
{
	int how = atomic_load(&dispositions[signo]), count;

	if (how == SIGNALS_DEFAULT) {
		/* A grace of 0 ms would disarm the timer; it means "at once". */
		if (atomic_fetch_add(&terminations, 1) > 0 || atomic_load(&grace_ms) == 0)
			_exit(128 + signo);
		start_grace(signo, atomic_load(&grace_ms));
		return true;
	}
	count = atomic_fetch_add(&counts[signo], 1) + 1;
	if (count > LAST_WARNING)
		_exit(128 + signo);
	if (count == LAST_WARNING) {
		atomic_store(&running, false);
		start_grace(signo, ENDING_MS);
		atomic_fetch_or(&pending, ENDING);
		return true;
	}
	if (how == SIGNALS_CAUGHT)
		start_grace(signo, atomic_load(&handled_grace_ms));
	return how == SIGNALS_CAUGHT;
}

/* Async-signal-safe: atomics and plain system calls only; errno is kept for the interrupted code. */
static void on_signal(int signo)
{
	int saved = errno;
	uint64_t one = 1;
	int fd = atomic_load(&wake_fd);

	if (signo == TIMER_SIGNAL) {
		if (!atomic_load(&held))
			_exit(128 + atomic_load(&first_termination));
		/* It ran out just when the host began to work. */
		atomic_store(&left_ms, 1);
		errno = saved;
		return;
	}
	if (IS_TERMINATION(signo) && !on_termination(signo)) {
		errno = saved;
		return;
	}
	atomic_fetch_or(&pending, 1u << signo);
	if (fd >= 0 && write(fd, &one, sizeof one) < 0)
		errno = 0; /* only a full counter can refuse, and then the descriptor is readable anyway */
	errno = saved;
}

static int install(int signo, struct sigaction *old)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART; /* our own waits watch the eventfd; other threads' calls go on */
	sigfillset(&action.sa_mask);
	return sigaction(signo, &action, old);
}

static int64_t prepare(void)
{
	struct sigevent event;
	int fd;

	if (atomic_load(&wake_fd) >= 0)
		return 0;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	memset(&event, 0, sizeof event);
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = TIMER_SIGNAL;
	if (install(TIMER_SIGNAL, &previous_timer) < 0 ||
	    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer_id) < 0) {
		int64_t error = -errno;

		close(fd);
		return error;
	}
	atomic_store(&wake_fd, fd);
	return 0;
}

int64_t signals_catch(uint32_t mask, uint32_t grace)
{
	int64_t result = prepare();

	if (result < 0)
		return result;
	atomic_store(&grace_ms, grace);
	for (int signo = 1; signo < 32; signo++) {
		if (!(mask & (1u << signo)) || (caught & (1u << signo)))
			continue;
		if (install(signo, &previous[signo]) < 0) {
			result = -errno;
			signals_release();
			return result;
		}
		caught |= 1u << signo;
	}
	return 0;
}

int64_t signals_dispose(int signo, int how, uint32_t grace)
{
	if (signo < 1 || signo > 31 || how < SIGNALS_DEFAULT || how > SIGNALS_CAUGHT)
		return -EINVAL;
	atomic_store(&handled_grace_ms, grace);
	atomic_store(&dispositions[signo], how);
	return how == SIGNALS_DEFAULT ? 0 : signals_catch(1u << signo, atomic_load(&grace_ms));
}

int64_t signals_taken(void)
{
	int signo = atomic_load(&first_termination);

	/* One that is not handled, or the last warning, is not undone by anything. */
	if (!atomic_load(&running) || atomic_load(&dispositions[signo]) != SIGNALS_CAUGHT ||
	    atomic_load(&counts[signo]) >= LAST_WARNING)
		return 0;
	set_timer(0);
	atomic_store(&left_ms, 0);
	atomic_store(&running, false);
	return 0;
}

int64_t signals_release(void)
{
	int fd = atomic_load(&wake_fd);

	if (fd < 0)
		return 0;
	for (int signo = 1; signo < 32; signo++) {
		if (caught & (1u << signo))
			sigaction(signo, &previous[signo], NULL);
	}
	caught = 0;
	syscall(SYS_timer_delete, timer_id);
	timer_id = -1;
	sigaction(TIMER_SIGNAL, &previous_timer, NULL);
	atomic_store(&wake_fd, -1);
	close(fd);
	atomic_store(&pending, 0);
	atomic_store(&terminations, 0);
	atomic_store(&running, false);
	for (int signo = 0; signo < 32; signo++) {
		atomic_store(&dispositions[signo], SIGNALS_DEFAULT);
		atomic_store(&counts[signo], 0);
	}
	atomic_store(&held, false);
	atomic_store(&left_ms, 0);
	return 0;
}

int64_t signals_hold(void)
{
	uint32_t left;

	atomic_store(&held, true);
	left = set_timer(0);
	if (left > 0)
		atomic_store(&left_ms, left);
	return 0;
}

int64_t signals_resume(void)
{
	uint32_t left;

	atomic_store(&held, false);
	left = atomic_exchange(&left_ms, 0);
	if (left > 0)
		set_timer(left);
	return 0;
}

/* The descriptor is emptied before `pending` is looked at: a signal in between leaves it readable. */
static void drain(void)
{
	uint64_t count;
	int fd = atomic_load(&wake_fd);

	while (fd >= 0 && read(fd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

uint32_t signals_take(void)
{
	/* Asked before every call of a guest: no system call when there is nothing. */
	if (!signals_pending())
		return 0;
	drain();
	return atomic_exchange(&pending, 0);
}

void signals_settle(void)
{
	uint64_t one = 1;
	int fd = atomic_load(&wake_fd);

	if (signals_pending())
		return;
	drain();
	/* Whoever else waits must still hear of a signal that came just now. */
	if (signals_pending() && fd >= 0 && write(fd, &one, sizeof one) < 0)
		return;
}

int signals_pending(void)
{
	return atomic_load(&pending) != 0;
}

int signals_wake_fd(void)
{
	return atomic_load(&wake_fd);
}
