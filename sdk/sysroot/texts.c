/* SPDX-License-Identifier: MIT */
/*
 * Runs on the machine that builds the library: writes the texts of this
 * machine's C library for errors and signals, so that a guest's messages are
 * those of the native program.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#define ERRORS 134
#define SIGNALS 32

static void text(const char *text)
{
	printf("\t\"%s\\0\"\n", text ? text : "");
}

int main(void)
{
	printf("#define ERRORS %d\n#define SIGNALS %d\n", ERRORS, SIGNALS);
	printf("static const char error_texts[] =\n");
	for (int i = 0; i < ERRORS; i++)
		text(strerrordesc_np(i));
	printf("\t;\nstatic const char signal_texts[] =\n");
	for (int i = 0; i < SIGNALS; i++)
		text(sigdescr_np(i));
	printf("\t;\n");
	return 0;
}
