/* setjmp() and longjmp() in all the ways that programs use them; prints where each jump arrives. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static jmp_buf outer, inner;
static sigjmp_buf place;

static int dive(int depth)
{
	char text[64];

	snprintf(text, sizeof(text), "%d", depth);
	if (depth == 0)
		longjmp(outer, 0);
	return dive(depth - 1) + text[0];
}

static void values(void)
{
	static const int given[] = { 0, 1, -1, 42, -2147483647 - 1, 2147483647 };

	for (volatile unsigned i = 0; i < sizeof(given) / sizeof(*given); i++) {
		int value = setjmp(outer);

		if (value == 0)
			longjmp(outer, given[i]);
		printf("value %d arrives as %d\n", given[i], value);
	}
}

static void recursion(void)
{
	volatile int depth = 1;
	int value = setjmp(outer);

	printf("depth %d: %d\n", depth, value);
	depth *= 5;
	if (depth < 1000)
		dive(depth);
}

/* The one that is left by a jump to the outer, and those of calls that have returned, do not matter. */
static void nested(void)
{
	volatile int step = 0;

	switch (setjmp(outer)) {
	case 0:
		switch (setjmp(inner)) {
		case 0:
			step = 1;
			longjmp(inner, 7);
		case 7:
			printf("inner, step %d\n", step);
			step = 2;
			longjmp(outer, 8);
		}
		break;
	case 8:
		printf("outer, step %d\n", step);
		step = 3;
		longjmp(inner, 9);
	}
	printf("end, step %d\n", step);
}

static void several(void)
{
	jmp_buf places[3];
	volatile int visits[3] = { 0 };
	volatile int next = 0;

	if (setjmp(places[0]))
		visits[0]++;
	if (setjmp(places[1]))
		visits[1]++;
	if (_setjmp(places[2]))
		visits[2]++;
	if (next < 3)
		longjmp(places[next++], 1);
	printf("visits %d %d %d\n", visits[0], visits[1], visits[2]);
}

static int compare(const void *a, const void *b)
{
	if (*(const int *)a == 3 && *(const int *)b != 3)
		_longjmp(inner, 3);
	return *(const int *)a - *(const int *)b;
}

static void callback(void)
{
	int numbers[] = { 5, 4, 3, 2, 1 };

	if (setjmp(inner) == 0)
		qsort(numbers, 5, sizeof(*numbers), compare);
	else
		printf("out of the comparison\n");
}

/* Each call has its own variables, and one place stays good while others come and go. */
static int level(jmp_buf *above, int depth)
{
	jmp_buf here;
	volatile int before = depth;
	int value = setjmp(here);

	if (value)
		return printf("level %d: %d %d\n", depth, before, value);
	if (depth == 4)
		longjmp(*above, 100);
	level(&here, depth + 1);
	return 0;
}

static void chain(void)
{
	jmp_buf top;

	if (setjmp(top) == 0) {
		level(&top, 1);
		level(&top, 4);
	}
	printf("top\n");
}

static int is_blocked(int number)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, number);
}

static void on_signal(int number)
{
	siglongjmp(place, number);
}

static void on_alarm(int number)
{
	(void)number;
	longjmp(outer, 5);
}

static void signals(void)
{
	struct itimerval soon = { .it_value = { 0, 10000 } };
	sigset_t set;

	signal(SIGUSR1, on_signal);
	for (volatile int i = 0; i < 3; i++) {
		int number = sigsetjmp(place, 1);

		if (number == 0)
			raise(SIGUSR1);
		printf("handler %d left, blocked: %d\n", number, is_blocked(SIGUSR1));
	}
	signal(SIGUSR2, on_signal);
	if (sigsetjmp(place, 0) == 0)
		raise(SIGUSR2);
	printf("without the mask, blocked: %d\n", is_blocked(SIGUSR2));

	/* What comes while it is blocked comes when the jump unblocks it. */
	if (sigsetjmp(place, 1) == 0) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGUSR1);
		siglongjmp(place, 77);
	}
	printf("unblocked: %d\n", !is_blocked(SIGUSR1));

	signal(SIGALRM, on_alarm);
	if (setjmp(outer) == 0) {
		setitimer(ITIMER_REAL, &soon, NULL);
		for (;;)
			pause();
	}
	printf("alarm, blocked: %d\n", is_blocked(SIGALRM));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	values();
	recursion();
	nested();
	several();
	callback();
	chain();
	signals();
	/* The stack is as deep as it was. */
	for (volatile int i = 0; i < 20000; i++)
		if (setjmp(outer) == 0)
			dive(3);
	printf("end\n");
	return 0;
}
