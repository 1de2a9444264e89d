/* SPDX-License-Identifier: MIT */
/* What signals do to calls that wait: the first argument names the case. Prints "ready" when signals from outside may come. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count, last;

static void handler(int number)
{
	count++;
	last = number;
}

static void information(int number, siginfo_t *info, void *context)
{
	(void)context;
	count += number == info->si_signo;
	last = number;
}

static void show(const char *what, long result)
{
	printf("%s: %ld %s, %d handled, last %d\n", what, result, result < 0 ? strerror(errno) : "", (int)count, (int)last);
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void catch(int number, int flags)
{
	struct sigaction action = { .sa_flags = flags };

	if (flags & SA_SIGINFO)
		action.sa_sigaction = information;
	else
		action.sa_handler = handler;
	sigaction(number, &action, NULL);
}

static void interrupted_sleep(void)
{
	struct timespec wanted = { 1000, 0 }, left = { 0, 0 };
	int result;

	catch(SIGINT, 0);
	ready();
	result = nanosleep(&wanted, &left);
	show("nanosleep", result);
	printf("left: %d\n", left.tv_sec > 900 && left.tv_sec < 1000);
}

static void interrupted_sleep_seconds(void)
{
	unsigned left;

	signal(SIGTERM, handler);
	ready();
	left = sleep(1000);
	printf("left: %d\n", left > 900 && left <= 1000);
	show("sleep", 0);
}

static void interrupted_poll(void)
{
	struct pollfd polled = { .fd = 0, .events = POLLIN };

	signal(SIGINT, handler);
	ready();
	show("poll", poll(&polled, 1, -1));
}

static void interrupted_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(0, &set);
	signal(SIGINT, handler);
	ready();
	show("select", select(1, &set, NULL, NULL, NULL));
}

static void interrupted_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 17 };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
	signal(SIGINT, handler);
	ready();
	show("epoll_wait", epoll_wait(epoll, &event, 1, -1));
	show("close", close(epoll));
	show("epoll_wait", epoll_wait(epoll, &event, 1, 0));
}

static void interrupted_read(void)
{
	char byte;

	catch(SIGINT, SA_SIGINFO);
	ready();
	show("read", read(0, &byte, 1));
}

static void restarted_read(void)
{
	char line[32] = "";

	signal(SIGUSR1, handler);
	ready();
	show("read", read(0, line, sizeof(line) - 1));
	printf("%s", line);
}

static void paused(void)
{
	signal(SIGUSR2, handler);
	ready();
	show("pause", pause());
}

static void suspended(void)
{
	sigset_t set, old;

	catch(SIGINT, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &old);
	ready();
	show("sigsuspend", sigsuspend(&old));
}

static void waited(void)
{
	sigset_t set;
	int number = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	show("sigwait", sigwait(&set, &number));
	printf("signal %d\n", number);
}

static void blocked(void)
{
	sigset_t set;

	signal(SIGTERM, handler);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	getchar();
	sigpending(&set);
	printf("pending %d, %d handled\n", sigismember(&set, SIGTERM), (int)count);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	show("unblocked", 0);
}

static void ignored(void)
{
	signal(SIGINT, SIG_IGN);
	ready();
	getchar();
	show("ignored", 0);
}

static void default_action(void)
{
	signal(SIGTERM, handler);
	signal(SIGTERM, SIG_DFL);
	ready();
	getchar();
	puts("still here");
}

static void summary(void)
{
	long rounds = 0;

	signal(SIGINT, handler);
	ready();
	while (!count) {
		usleep(1000);
		rounds++;
	}
	printf("summary: %d\n", rounds > 0);
}

static void alarms(void)
{
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } }, old;

	signal(SIGALRM, handler);
	alarm(1);
	printf("left %u\n", alarm(0));
	alarm(1);
	show("pause", pause());
	count = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	while (count < 3)
		pause();
	getitimer(ITIMER_REAL, &old);
	printf("interval %ld\n", (long)old.it_interval.tv_usec);
	timer = (struct itimerval){ 0 };
	setitimer(ITIMER_REAL, &timer, NULL);
	printf("at least 3: %d\n", count >= 3);
	show("profile", setitimer(12, &timer, NULL));
}

static void nested(int number)
{
	count++;
	if (number == SIGUSR1) {
		raise(SIGUSR1);
		raise(SIGUSR2);
		printf("inside: %d\n", (int)count);
	}
}

static void alone(void)
{
	struct sigaction action = { .sa_handler = nested }, old;
	sigset_t set;

	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGUSR2, nested);
	count = -10;
	sigfillset(&set);
	sigdelset(&set, SIGUSR1);
	printf("%d %d\n", sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2));
	action.sa_flags = SA_RESETHAND;
	action.sa_handler = handler;
	sigaction(SIGTERM, &action, &old);
	printf("default before: %d\n", old.sa_handler == SIG_DFL);
	raise(SIGTERM);
	sigaction(SIGTERM, NULL, &old);
	printf("default after: %d, %d\n", old.sa_handler == SIG_DFL, (int)count);
	printf("%d ", signal(SIGHUP, SIG_IGN) == SIG_DFL);
	printf("%d ", signal(SIGHUP, SIG_DFL) == SIG_IGN);
	printf("%d\n", signal(SIGKILL, handler) == SIG_ERR);
	show("kill self", kill(getpid(), SIGHUP - SIGHUP));
	show("kill nobody", kill(2147483600, SIGTERM));
	show("bad number", kill(getpid(), 4711));
	show("bad how", sigprocmask(77, &set, NULL));
	fflush(stdout);
	psignal(SIGINT, "psignal");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "nanosleep", interrupted_sleep }, { "sleep", interrupted_sleep_seconds }, { "poll", interrupted_poll },
	{ "select", interrupted_select },   { "epoll", interrupted_epoll },	    { "read", interrupted_read },
	{ "restart", restarted_read },	    { "pause", paused },		    { "sigsuspend", suspended },
	{ "sigwait", waited },		    { "blocked", blocked },		    { "ignored", ignored },
	{ "default", default_action },	    { "summary", summary },		    { "alarms", alarms },
	{ "alone", alone },
};

int main(int argc, char **argv)
{
	(void)argc;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(cases[i].name, argv[1]) == 0)
			cases[i].run();
	return 0;
}
