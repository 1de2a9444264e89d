/* SPDX-License-Identifier: MIT */
/* strerror() and strsignal() with the texts that texts.c has collected. */
#define _GNU_SOURCE
#include <locale.h>
#include <string.h>
#include "texts.h"

static const char *nth(const char *texts, int n)
{
	while (n-- > 0)
		texts += strlen(texts) + 1;
	return texts;
}

static char *unknown(const char *prefix, int number)
{
	static char buffer[48];
	char digits[12];
	unsigned rest = number < 0 ? -(unsigned)number : (unsigned)number;
	size_t at = sizeof(digits) - 1;

	digits[at] = 0;
	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		digits[--at] = '-';
	strcpy(buffer, prefix);
	return strcat(buffer, digits + at);
}

char *strerror(int number)
{
	const char *text = "";

	if (number >= 0 && number < ERRORS)
		text = nth(error_texts, number);
	return *text ? (char *)text : unknown("Unknown error ", number);
}

char *__strerror_l(int number, locale_t locale)
{
	(void)locale;
	return strerror(number);
}

extern __typeof(__strerror_l) strerror_l
	__attribute__((weak, alias("__strerror_l")));

char *strsignal(int number)
{
	const char *text = "";

	if (number > 0 && number < SIGNALS)
		text = nth(signal_texts, number);
	if (*text)
		return (char *)text;
	if (number >= 34 && number <= 64)
		return unknown("Real-time signal ", number - 34);
	return unknown("Unknown signal ", number);
}
