/* SPDX-License-Identifier: MIT */
/* getopt(), getopt_long() and getopt_long_only() with glibc's order of arguments and texts. */
#include "getopt-state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What happens to arguments between options. */
enum { MOVE_TO_END, STOP_THERE, RETURN_AS_1 };

char *optarg;
int optind = 1, opterr = 1, optopt = '?';

/* musl's way to begin anew. */
int __optpos, __optreset = 0;
extern int optreset __attribute__((weak, alias("__optreset")));

static const char *begin(struct wb_getopt *s, const char *shorts)
{
	if (s->index == 0)
		s->index = 1;
	s->first_skipped = s->end_skipped = s->index;
	s->rest = NULL;
	s->started = 1;
	s->order = MOVE_TO_END;
	if (*shorts == '-')
		s->order = RETURN_AS_1;
	else if (*shorts == '+' || getenv("POSIXLY_CORRECT"))
		s->order = STOP_THERE;
	return shorts + (*shorts == '-' || *shorts == '+');
}

static void reverse(char **argv, int from, int to)
{
	while (from < --to) {
		char *kept = argv[from];

		argv[from++] = argv[to];
		argv[to] = kept;
	}
}

/* The skipped arguments change places with the options behind them. */
static void move_skipped(struct wb_getopt *s, char **argv)
{
	int options = s->index - s->end_skipped;

	reverse(argv, s->first_skipped, s->end_skipped);
	reverse(argv, s->end_skipped, s->index);
	reverse(argv, s->first_skipped, s->index);
	s->first_skipped += options;
	s->end_skipped = s->index;
}

static int is_argument(const char *word)
{
	return word[0] != '-' || word[1] == 0;
}

static int same_meaning(const struct option *a, const struct option *b)
{
	return a->has_arg == b->has_arg && a->flag == b->flag && a->val == b->val;
}

static int begins_with(const struct option *option, const char *name, size_t length)
{
	return strncmp(option->name, name, length) == 0;
}

/*
 * The option that `name` is the beginning of; NULL without one, or when there
 * are several, which is then printed.
 */
static const struct option *find_beginning(const struct option *longs,
					   const char *name, size_t length,
					   int long_only, int *ambiguous)
{
	const struct option *found = NULL, *option;

	for (option = longs; option->name; option++) {
		if (!begins_with(option, name, length))
			continue;
		if (!found)
			found = option;
		else if (long_only || !same_meaning(found, option))
			*ambiguous = 1;
	}
	return found;
}

static void print_ambiguous(const char *program, const char *prefix,
			    const char *word, size_t length, int long_only,
			    const struct option *first, const struct option *longs)
{
	fprintf(stderr, "%s: option '%s%s' is ambiguous; possibilities:", program,
		prefix, word);
	for (const struct option *option = longs; option->name; option++)
		if (begins_with(option, word, length) &&
		    (option == first || long_only || !same_meaning(first, option)))
			fprintf(stderr, " '%s%s'", prefix, option->name);
	fputc('\n', stderr);
}

/* The long option at s->rest, or -1 when it may be a group of short ones. */
static int take_long(struct wb_getopt *s, int argc, char **argv, const char *shorts,
		     const struct option *longs, int *long_index, int long_only,
		     int print, const char *prefix)
{
	size_t length = strcspn(s->rest, "=");
	const struct option *found = longs;
	const char *value = s->rest[length] ? s->rest + length + 1 : NULL;
	int ambiguous = 0;

	while (found->name && !(begins_with(found, s->rest, length) &&
				strlen(found->name) == length))
		found++;
	if (!found->name)
		found = find_beginning(longs, s->rest, length, long_only, &ambiguous);
	if (ambiguous) {
		if (print)
			print_ambiguous(argv[0], prefix, s->rest, length, long_only,
					found, longs);
		s->rest += strlen(s->rest);
		s->index++;
		s->option = 0;
		return '?';
	}
	if (!found) {
		if (long_only && argv[s->index][1] != '-' && strchr(shorts, *s->rest))
			return -1;
		if (print)
			fprintf(stderr, "%s: unrecognized option '%s%s'\n", argv[0],
				prefix, s->rest);
		s->rest = NULL;
		s->index++;
		s->option = 0;
		return '?';
	}
	s->index++;
	s->rest = NULL;
	if (value && !found->has_arg) {
		if (print)
			fprintf(stderr, "%s: option '%s%s' doesn't allow an argument\n",
				argv[0], prefix, found->name);
		s->option = found->val;
		return '?';
	}
	if (value) {
		s->argument = (char *)value;
	} else if (found->has_arg == required_argument) {
		if (s->index >= argc) {
			if (print)
				fprintf(stderr, "%s: option '%s%s' requires an argument\n",
					argv[0], prefix, found->name);
			s->option = found->val;
			return *shorts == ':' ? ':' : '?';
		}
		s->argument = argv[s->index++];
	}
	if (long_index)
		*long_index = (int)(found - longs);
	if (found->flag) {
		*found->flag = found->val;
		return 0;
	}
	return found->val;
}

static int lacks_argument(struct wb_getopt *s, const char *program, char letter,
			  const char *shorts, int print)
{
	if (print)
		fprintf(stderr, "%s: option requires an argument -- '%c'\n", program,
			letter);
	s->option = letter;
	return *shorts == ':' ? ':' : '?';
}

static int take_short(struct wb_getopt *s, int argc, char **argv, const char *shorts,
		      const struct option *longs, int *long_index, int print)
{
	char letter = *s->rest++;
	const char *found = strchr(shorts, letter);

	if (!*s->rest)
		s->index++;
	if (!found || letter == ':' || letter == ';') {
		if (print)
			fprintf(stderr, "%s: invalid option -- '%c'\n", argv[0], letter);
		s->option = letter;
		return '?';
	}
	if (letter == 'W' && found[1] == ';' && longs) {
		if (!*s->rest) {
			if (s->index == argc)
				return lacks_argument(s, argv[0], letter, shorts, print);
			s->rest = argv[s->index];
		}
		return take_long(s, argc, argv, shorts, longs, long_index, 0, print,
				 "-W ");
	}
	if (found[1] != ':')
		return (unsigned char)letter;
	if (*s->rest) {
		s->argument = s->rest;
		s->index++;
	} else if (found[2] != ':') {
		if (s->index == argc) {
			s->rest = NULL;
			return lacks_argument(s, argv[0], letter, shorts, print);
		}
		s->argument = argv[s->index++];
	}
	s->rest = NULL;
	return (unsigned char)letter;
}

int wb_getopt(struct wb_getopt *s, int argc, char **argv, const char *shorts,
	      const struct option *longs, int *long_index, int long_only)
{
	int print = s->print_errors;

	if (argc < 1)
		return -1;
	s->argument = NULL;
	if (s->index == 0 || !s->started)
		shorts = begin(s, shorts);
	else if (*shorts == '-' || *shorts == '+')
		shorts++;
	if (*shorts == ':')
		print = 0;
	if (s->rest && *s->rest)
		return take_short(s, argc, argv, shorts, longs, long_index, print);

	/* The caller may have gone back. */
	if (s->end_skipped > s->index)
		s->end_skipped = s->index;
	if (s->first_skipped > s->index)
		s->first_skipped = s->index;
	if (s->order == MOVE_TO_END) {
		if (s->first_skipped != s->end_skipped && s->end_skipped != s->index)
			move_skipped(s, argv);
		else if (s->end_skipped != s->index)
			s->first_skipped = s->index;
		while (s->index < argc && is_argument(argv[s->index]))
			s->index++;
		s->end_skipped = s->index;
	}
	if (s->index != argc && strcmp(argv[s->index], "--") == 0) {
		s->index++;
		if (s->first_skipped != s->end_skipped && s->end_skipped != s->index)
			move_skipped(s, argv);
		else if (s->first_skipped == s->end_skipped)
			s->first_skipped = s->index;
		s->end_skipped = s->index = argc;
	}
	if (s->index == argc) {
		if (s->first_skipped != s->end_skipped)
			s->index = s->first_skipped;
		return -1;
	}
	if (is_argument(argv[s->index])) {
		if (s->order == STOP_THERE)
			return -1;
		s->argument = argv[s->index++];
		return 1;
	}
	s->rest = argv[s->index] + 1;
	if (longs && *s->rest == '-') {
		s->rest++;
		return take_long(s, argc, argv, shorts, longs, long_index, long_only,
				 print, "--");
	}
	if (longs && long_only && (s->rest[1] || !strchr(shorts, *s->rest))) {
		int answer = take_long(s, argc, argv, shorts, longs, long_index, 1,
				       print, "-");

		if (answer != -1)
			return answer;
	}
	return take_short(s, argc, argv, shorts, longs, long_index, print);
}

static int with_globals(int argc, char **argv, const char *shorts,
			const struct option *longs, int *long_index, int long_only)
{
	static struct wb_getopt state;
	int answer;

	state.index = __optreset ? 0 : optind;
	__optreset = 0;
	state.print_errors = opterr;
	state.option = optopt;
	answer = wb_getopt(&state, argc, argv, shorts, longs, long_index, long_only);
	optind = state.index;
	optarg = state.argument;
	optopt = state.option;
	return answer;
}

int getopt(int argc, char *const argv[], const char *shorts)
{
	return with_globals(argc, (char **)argv, shorts, NULL, NULL, 0);
}

int getopt_long(int argc, char *const *argv, const char *shorts,
		const struct option *longs, int *long_index)
{
	return with_globals(argc, (char **)argv, shorts, longs, long_index, 0);
}

int getopt_long_only(int argc, char *const *argv, const char *shorts,
		     const struct option *longs, int *long_index)
{
	return with_globals(argc, (char **)argv, shorts, longs, long_index, 1);
}

extern __typeof(getopt) __posix_getopt __attribute__((weak, alias("getopt")));
