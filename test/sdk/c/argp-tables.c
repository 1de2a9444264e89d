/* SPDX-License-Identifier: MIT */
/* Command lines for several tables of argp: the first argument names the table. */
#include <argp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_bug_address = "<nobody@example.org>";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key >= ARGP_KEY_END && key <= ARGP_KEY_FINI)
		printf("%#x ", key);
	else
		printf("%d=%s ", key, arg ? arg : "-");
	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num >= 3)
			argp_usage(state);
		return strcmp(arg, "refuse") ? 0 : ARGP_ERR_UNKNOWN;
	case 'p':
		if (!atoi(arg))
			argp_error(state, "Invalid PID: %s", arg);
		if (atoi(arg) == 7)
			argp_failure(state, 3, ESRCH, "process %d", 7);
		return 0;
	case ARGP_KEY_INIT:
	case ARGP_KEY_END:
	case ARGP_KEY_NO_ARGS:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_FINI:
	case ARGP_KEY_ERROR:
	case ARGP_KEY_ARGS:
		return ARGP_ERR_UNKNOWN;
	default:
		return 0;
	}
}

static const struct argp_option tool_options[] = {
	{ "verbose", 'v', NULL, 0, "Verbose debug output", 0 },
	{ "pid", 'p', "PID", 0, "Process ID to trace", 0 },
	{ "timestamp", 'T', NULL, 0, "Include timestamp on output", 0 },
	{ "time", 't', "SECONDS", OPTION_ARG_OPTIONAL, "How long to trace, for ever when there is no argument, which is what most people want", 0 },
	{ "duration", 'd', NULL, OPTION_ALIAS, NULL, 0 },
	{ "cgroup", 'c', "/sys/fs/cgroup/unified", 0, "Trace process in cgroup path", 0 },
	{ "a-rather-long-name-of-an-option", 1000, "ARGUMENT", 0, "Text", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show the full help", 0 },
	{ 0 },
};
static const struct argp tool = {
	.options = tool_options,
	.parser = parse,
	.args_doc = "[INTERVAL] [COUNT]",
	.doc = "Trace something.\n"
	       "\n"
	       "USAGE: tool [--help] [-T] [-p PID]\n"
	       "\n"
	       "EXAMPLES:\n"
	       "    tool             # trace everything there is, with a line that is longer than the others are\n"
	       "    tool -p 185\n"
	       "\vText after the options, long enough to be broken into two lines by whoever prints it.",
};

static const struct argp_option group_options[] = {
	{ NULL, 0, NULL, 0, "First group:", 1 },
	{ "zeta", 'z', NULL, 0, "Last of the first", 0 },
	{ "Alpha", 'A', NULL, 0, "Before alpha or after?", 0 },
	{ "alpha", 'a', NULL, 0, "First of the first", 0 },
	{ "all", 0, NULL, 0, "No short name", 0 },
	{ NULL, 0, NULL, 0, "Second group:", 0 },
	{ "beta", 'b', "N", 0, "A number", 0 },
	{ NULL, 'x', "N", OPTION_NO_USAGE, "Not in the usage", 0 },
	{ "first text", 0, NULL, OPTION_DOC, "what it means", 0 },
	{ "-1 to -9", 0, NULL, OPTION_DOC | OPTION_NO_USAGE, "looks like an option", 0 },
	{ NULL, 0, NULL, 0, "Last but one:", -2 },
	{ "late", 'l', NULL, 0, "This is a very long text that goes on for more than one line, and then for another one, since it is so long that two do not suffice", 0 },
	{ NULL, 0, NULL, 0, "", -1 },
	{ "last", 'L', NULL, 0, "With help", 0 },
	{ 0 },
};
static const struct argp groups = { .options = group_options, .parser = parse, .args_doc = "ONE\nTWO [THREE]\n-x BLAH" };

static char *filter(int key, const char *text, void *input)
{
	char *changed;

	(void)input;
	if (key == ARGP_KEY_HELP_EXTRA)
		return strdup("Extra text at the end.");
	if (key == ARGP_KEY_HELP_DUP_ARGS_NOTE)
		return NULL;
	if (!text || key != 'b')
		return (char *)text;
	return asprintf(&changed, "%s (default: 10)", text) < 0 ? NULL : changed;
}

static const struct argp inner = { .options = group_options, .parser = parse, .args_doc = "INNER", .help_filter = filter };
static const struct argp_child children[] = {
	{ &inner, 0, "Options of the child:", 0 },
	{ &tool, 0, NULL, 5 },
	{ 0 },
};
static const struct argp parent = { .options = tool_options, .parser = parse, .args_doc = "OUTER", .doc = "Parent.\vEnd.", .children = children };

static const struct argp bare = { 0 };

static const struct {
	const char *name;
	const struct argp *argp;
	unsigned flags;
	bool takes_rest;
} tables[] = {
	{ "tool", &tool, 0, false },
	{ "groups", &groups, 0, false },
	{ "parent", &parent, 0, false },
	{ "bare", &bare, 0, false },
	{ "rest", &tool, 0, true },
	{ "order", &tool, ARGP_IN_ORDER, false },
	{ "none", &tool, ARGP_NO_ARGS, true },
	{ "long", &tool, ARGP_LONG_ONLY, false },
	{ "silent", &tool, ARGP_SILENT, true },
	{ "stay", &tool, ARGP_NO_EXIT, true },
	{ "nohelp", &tool, ARGP_NO_HELP, false },
};

int main(int argc, char **argv)
{
	int rest = -1;
	error_t error;
	size_t i = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (getenv("VERSION"))
		argp_program_version = getenv("VERSION");
	while (strcmp(tables[i].name, argv[1]))
		i++;
	argv[1] = "/usr/bin/program";
	error = argp_parse(tables[i].argp, argc - 1, argv + 1, tables[i].flags,
			   tables[i].takes_rest ? &rest : NULL, NULL);
	printf("\n%d %d:", error, rest);
	for (int j = 1; j < argc; j++)
		printf(" %s", argv[j]);
	putchar('\n');
	if (strcmp(argv[argc - 1], "again") == 0) {
		argp_help(tables[i].argp, stdout, ARGP_HELP_STD_HELP, "again");
		argp_help(tables[i].argp, stdout, ARGP_HELP_STD_USAGE | ARGP_HELP_USAGE, "again");
	}
	return 0;
}
