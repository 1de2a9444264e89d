/* Records of what calls answer, the same natively and in a guest. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A number that both ways have in common. */
#define show(expression) printf("%s: %lld\n", #expression, (long long)(expression))
/* A call that fails: the result and errno. */
#define fails(expression) \
	do { \
		errno = 0; \
		long long answer_ = (long long)(expression); \
		printf("%s: %lld, %s\n", #expression, answer_, strerror(errno)); \
	} while (0)
/* Whether a call succeeded, and with what errno it failed. */
#define outcome(expression) \
	({ \
		errno = 0; \
		long long answer_ = (long long)(expression); \
		if (answer_ < 0) \
			printf("%s: %lld, %s\n", #expression, answer_, strerror(errno)); \
		else \
			printf("%s: good\n", #expression); \
		answer_; \
	})
/* A pointer, or NULL with errno. */
#define pointer(expression) \
	({ \
		errno = 0; \
		typeof(expression) answer_ = (expression); \
		printf("%s: %s\n", #expression, answer_ ? "good" : strerror(errno)); \
		answer_; \
	})

/* Prints nothing: the words have changed since the machine's libbpf. */
static inline int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

#endif
