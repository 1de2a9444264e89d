/* SPDX-License-Identifier: MIT */
#include <time.h>
#include <unistd.h>

/* The seconds that were left when a signal came, rounded as Linux does. */
unsigned sleep(unsigned seconds)
{
	struct timespec wanted = { .tv_sec = seconds }, left = { 0 };

	if (clock_nanosleep(CLOCK_REALTIME, 0, &wanted, &left) == 0)
		return 0;
	return (unsigned)left.tv_sec + (left.tv_nsec >= 500000000);
}
