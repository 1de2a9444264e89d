/* SPDX-License-Identifier: MIT */
/* Random tables of argp, from and before which seed the arguments say; help, usage and random command lines for each. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

static unsigned long seed;

static unsigned pick(unsigned count)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(seed >> 33) % count;
}

#define PICK(list) list[pick(sizeof(list) / sizeof(list[0]))]

static const char *const words[] = { "the",   "a",	 "process", "of",      "kernel", "latency", "verbose",
				     "trace", "(default", "10)",     "seconds,", "only",   "PID",     "a-word-that-is-longer" };
static const char *const names[] = { "all",   "alpha",	 "beta",    "Cgroup", "cgroup", "debug", "failed", "help", "human",
				     "name",  "pid",	 "quiet",   "time",   "uid",	 "Zeta",  "x",	    "interval", "extended-output" };
static const char *const arguments[] = { "N", "PID", "FILE", "A-LONG-NAME" };

static char *text(unsigned most)
{
	char *result = calloc(1, most * 32 + 1);

	for (unsigned count = pick(most); count; count--) {
		strcat(result, PICK(words));
		if (count > 1)
			strcat(result, pick(15) ? " " : "\n");
	}
	return result;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	printf("%#x=%s %d ", key, arg ? arg : "-", state->next);
	return key == ARGP_KEY_ARG || (key > 0 && key < 0x1000000) ? 0 : ARGP_ERR_UNKNOWN;
}

#define MOST 6
static struct argp argps[MOST];
static struct argp_option options[MOST][12];
static struct argp_child children[MOST][3];
static unsigned used;

static void fill(struct argp_option *option, int is_first)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHVXYZ0123456789?";

	if (pick(9) == 0) {
		option->doc = "Header:";
		option->group = pick(3) ? 0 : (int)pick(5) - 2;
		return;
	}
	if (pick(4))
		option->name = PICK(names);
	option->key = pick(4) || !option->name ? letters[pick(sizeof(letters) - 1)] : 200 + (int)pick(1000);
	if (pick(2))
		option->arg = PICK(arguments);
	if (pick(8) == 0)
		option->flags |= OPTION_ARG_OPTIONAL;
	if (pick(12) == 0)
		option->flags |= OPTION_HIDDEN;
	if (!is_first && pick(6) == 0)
		option->flags |= OPTION_ALIAS;
	if (pick(12) == 0 && option->name)
		option->flags |= OPTION_DOC;
	if (pick(12) == 0)
		option->flags |= OPTION_NO_USAGE;
	if (pick(10))
		option->doc = text(12);
	if (pick(6) == 0)
		option->group = (int)pick(6) - 3;
}

static const struct argp *make(int depth)
{
	unsigned own = used++, count = pick(10);
	struct argp *argp = &argps[own];

	memset(argp, 0, sizeof(*argp));
	memset(options[own], 0, sizeof(options[own]));
	memset(children[own], 0, sizeof(children[own]));
	for (unsigned i = 0; i < count; i++)
		fill(&options[own][i], i == 0);
	argp->options = options[own];
	argp->parser = parse;
	if (pick(2))
		argp->args_doc = pick(3) ? "[INTERVAL] [COUNT]" : "ONE\nTWO [THREE]";
	if (pick(3))
		argp->doc = text(20);
	if (depth == 2 || !pick(2))
		return argp;
	argp->children = children[own];
	for (unsigned i = 0, most = pick(3); i < most && used < MOST; i++) {
		children[own][i].argp = make(depth + 1);
		if (pick(2))
			children[own][i].header = pick(5) ? "Child options:" : "";
		if (pick(3) == 0)
			children[own][i].group = (int)pick(5) - 2;
	}
	return argp;
}

static char *word(void)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABC?V";
	const char *name = PICK(names);
	char *result = calloc(1, 64);
	int one = letters[pick(sizeof(letters) - 1)];
	int two = letters[pick(11)];

	switch (pick(6)) {
	case 0:
		sprintf(result, "--%s", name);
		return result;
	case 1:
		sprintf(result, "--%.*s", 1 + (int)strlen(name) / 2, name);
		return result;
	case 2:
		sprintf(result, "--%s=value", name);
		return result;
	case 3:
		sprintf(result, "-%c%c", one, two);
		return result;
	case 4:
		sprintf(result, "-%c", one);
		return result;
	default:
		return strcpy(result, pick(5) ? "argument" : "--");
	}
}

int main(int argc, char **argv)
{
	unsigned long from = strtoul(argv[argc - 2], NULL, 0), to = strtoul(argv[argc - 1], NULL, 0);

	setvbuf(stdout, NULL, _IONBF, 0);
	for (unsigned long table = from; table < to; table++) {
		const struct argp *argp;

		seed = table * 7919 + 1;
		used = 0;
		argp = make(0);
		argp_program_version = pick(2) ? "program 1.0" : NULL;
		printf("=== %lu\n", table);
		argp_help(argp, stdout, ARGP_HELP_STD_HELP, "program");
		argp_help(argp, stdout, ARGP_HELP_USAGE, "program");
		for (int line = 0; line < 5; line++) {
			char *list[10] = { "/usr/bin/program", line == 0 ? "--help" : line == 1 ? "--usage" : NULL };
			int count = line < 2 ? 2 : 1, end = -1;
			unsigned flags = ARGP_NO_EXIT;
			int *rest = pick(2) ? &end : NULL;
			error_t error;

			if (pick(6) == 0)
				flags |= ARGP_LONG_ONLY;
			if (pick(8) == 0)
				flags |= ARGP_IN_ORDER;
			for (unsigned more = line < 2 ? 0 : pick(7); more; more--)
				list[count++] = word();
			error = argp_parse(argp, count, list, flags, rest, NULL);
			printf("\n%d %d", error, end);
			for (int i = 0; i < count; i++)
				printf(" %s", list[i]);
			putchar('\n');
		}
	}
	return 0;
}
