/* SPDX-License-Identifier: MIT */
/* argp_parse(): command lines for a tree of parsers. */
#include "argp-internal.h"
#include "libc/getopt-state.h"
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Programs may define these themselves. */
__attribute__((weak)) const char *argp_program_version;
__attribute__((weak)) void (*argp_program_version_hook)(FILE *, struct argp_state *);

/* Numbers of long options: the parser's number, 1 and up, above the key. */
#define KEY_BITS 24
#define KEY_MASK ((1 << KEY_BITS) - 1)

/* A parser with what it works on. */
struct group {
	const struct argp *argp;
	int shorts_end; /* its short options are before this one */
	unsigned taken; /* arguments */
	const struct group *parent;
	unsigned place; /* among the parent's children */
	void *input, *hook, **child_inputs;
};

struct parser {
	struct argp_state state;
	struct wb_getopt getopt;
	int options_follow; /* getopt() may find more */
	struct group *groups, *groups_end;
	char *shorts;
	int shorts_count;
	struct option *longs;
	int longs_count;
	void **inputs;
};

int _option_is_short(const struct argp_option *option)
{
	return !(option->flags & OPTION_DOC) && option->key > 0 &&
	       option->key <= 127 && isprint(option->key);
}

int _option_is_end(const struct argp_option *option)
{
	return !option->key && !option->name && !option->doc && !option->group;
}

/* ---- --help, --usage, --version ---- */

enum { KEY_PROGRAM_NAME = -2, KEY_USAGE = -3, KEY_HANG = -4 };

static error_t parse_help(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case '?':
		argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, state->out_stream,
				ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case KEY_PROGRAM_NAME: {
		char *slash = strrchr(arg, '/');

		state->name = slash ? slash + 1 : arg;
		if ((state->flags & (ARGP_PARSE_ARGV0 | ARGP_NO_ERRS)) ==
		    ARGP_PARSE_ARGV0)
			state->argv[0] = arg;
		return 0;
	}
	case KEY_HANG:
		sleep(arg ? (unsigned)atoi(arg) : 3600);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_version(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != 'V')
		return ARGP_ERR_UNKNOWN;
	if (argp_program_version_hook)
		argp_program_version_hook(state->out_stream, state);
	else if (argp_program_version)
		fprintf(state->out_stream, "%s\n", argp_program_version);
	else
		argp_error(state, "%s", "(PROGRAM ERROR) No version known!?");
	if (!(state->flags & ARGP_NO_EXIT))
		exit(0);
	return 0;
}

static const struct argp_option help_options[] = {
	{ "help", '?', NULL, 0, "Give this help list", -1 },
	{ "usage", KEY_USAGE, NULL, 0, "Give a short usage message", 0 },
	{ "program-name", KEY_PROGRAM_NAME, "NAME", OPTION_HIDDEN,
	  "Set the program name", 0 },
	{ "HANG", KEY_HANG, "SECS", OPTION_ARG_OPTIONAL | OPTION_HIDDEN,
	  "Hang for SECS seconds (default 3600)", 0 },
	{ 0 },
};

static const struct argp_option version_options[] = {
	{ "version", 'V', NULL, 0, "Print program version", -1 },
	{ 0 },
};

static const struct argp help_argp = { .options = help_options, .parser = parse_help };
static const struct argp version_argp = { .options = version_options,
					  .parser = parse_version };

/* ---- Tables for getopt() ---- */

struct sizes {
	size_t groups, options, inputs;
};

static void count(const struct argp *argp, struct sizes *sizes)
{
	const struct argp_option *option = argp->options;
	const struct argp_child *child = argp->children;

	if (option || argp->parser)
		sizes->groups++;
	for (; option && !_option_is_end(option); option++)
		sizes->options++;
	for (; child && child->argp; child++) {
		sizes->inputs++;
		count(child->argp, sizes);
	}
}

static int has_long(const struct parser *parser, const char *name)
{
	for (int i = 0; i < parser->longs_count; i++)
		if (strcmp(parser->longs[i].name, name) == 0)
			return 1;
	return 0;
}

static int argument_kind(const struct argp_option *real)
{
	if (!real->arg)
		return no_argument;
	return real->flags & OPTION_ARG_OPTIONAL ? optional_argument : required_argument;
}

static void add_options(struct parser *parser, const struct argp_option *option, int number)
{
	const struct argp_option *real = option;

	for (; option && !_option_is_end(option); option++) {
		if (!(option->flags & OPTION_ALIAS))
			real = option;
		if (real->flags & OPTION_DOC)
			continue;
		if (_option_is_short(option)) {
			parser->shorts[parser->shorts_count++] = (char)option->key;
			if (real->arg)
				parser->shorts[parser->shorts_count++] = ':';
			if (argument_kind(real) == optional_argument)
				parser->shorts[parser->shorts_count++] = ':';
			parser->shorts[parser->shorts_count] = 0;
		}
		if (option->name && !has_long(parser, option->name)) {
			int key = option->key ? option->key : real->key;

			parser->longs[parser->longs_count++] = (struct option){
				.name = option->name,
				.has_arg = argument_kind(real),
				.val = (key & KEY_MASK) | number << KEY_BITS,
			};
		}
	}
}

static void add_groups(struct parser *parser, const struct argp *argp,
		       const struct group *parent, unsigned place)
{
	const struct argp_child *child = argp->children;
	struct group *group = NULL;

	if (argp->options || argp->parser) {
		group = parser->groups_end++;
		add_options(parser, argp->options,
			    (int)(group - parser->groups) + 1);
		*group = (struct group){
			.argp = argp,
			.shorts_end = parser->shorts_count,
			.parent = parent,
			.place = place,
			.child_inputs = parser->inputs,
		};
		for (; child && child->argp; child++)
			parser->inputs++;
	}
	place = 0;
	for (child = argp->children; child && child->argp; child++)
		add_groups(parser, child->argp, group, place++);
}

static void *allocate(size_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}

/* ---- Parsing ---- */

static error_t call(struct parser *parser, struct group *group, int key, char *arg)
{

	struct argp_state *state = &parser->state;
	error_t error;

	if (!group->argp->parser)
		return ARGP_ERR_UNKNOWN;
	state->hook = group->hook;
	state->input = group->input;
	state->child_inputs = group->child_inputs;
	state->arg_num = group->taken;
	error = group->argp->parser(key, arg, state);
	group->hook = state->hook;
	return error;
}

static int goes_on(error_t error)
{
	return !error || error == ARGP_ERR_UNKNOWN;
}

/* From the last, the innermost. */
static error_t call_all_back(struct parser *parser, int key)
{
	error_t error = 0;

	for (struct group *group = parser->groups_end;
	     group-- > parser->groups && goes_on(error);)
		error = call(parser, group, key, NULL);
	return error == ARGP_ERR_UNKNOWN ? 0 : error;
}

static error_t initialize(struct parser *parser, void *input)
{
	error_t error = 0;

	if (parser->groups < parser->groups_end)
		parser->groups->input = input;
	for (struct group *group = parser->groups;
	     group < parser->groups_end && goes_on(error); group++) {
		const struct argp_child *children = group->argp->children;

		if (group->parent)
			group->input = group->parent->child_inputs[group->place];
		if (!group->argp->parser && children && children->argp)
			group->child_inputs[0] = group->input;
		error = call(parser, group, ARGP_KEY_INIT, NULL);
	}
	return error == ARGP_ERR_UNKNOWN ? 0 : error;
}

static error_t parse_argument(struct parser *parser, char *arg)
{
	struct argp_state *state = &parser->state;
	error_t error = ARGP_ERR_UNKNOWN;
	struct group *group = parser->groups;
	int index = --state->next, key = 0;

	for (; group < parser->groups_end && error == ARGP_ERR_UNKNOWN; group++) {
		state->next++;
		key = ARGP_KEY_ARG;
		error = call(parser, group, key, arg);
		if (error == ARGP_ERR_UNKNOWN) {
			state->next--;
			key = ARGP_KEY_ARGS;
			error = call(parser, group, key, NULL);
		}
	}
	if (error)
		return error;
	if (key == ARGP_KEY_ARGS)
		state->next = state->argc;
	if (state->next > index)
		group[-1].taken += (unsigned)(state->next - index);
	else
		/* The parser wants to see it again, perhaps as an option. */
		parser->options_follow = 1;
	return 0;
}

static error_t parse_option(struct parser *parser, int option, char *arg)
{
	static const char unknown[] = "(PROGRAM ERROR) Option should have been recognized!?";
	unsigned number = (unsigned)option >> KEY_BITS;
	error_t error = ARGP_ERR_UNKNOWN;

	if (number == 0) {
		const char *place = strchr(parser->shorts, option);
		struct group *group = parser->groups;

		while (place && group < parser->groups_end &&
		       group->shorts_end <= place - parser->shorts)
			group++;
		if (place && group < parser->groups_end)
			error = call(parser, group, option, arg);
		if (error == ARGP_ERR_UNKNOWN)
			argp_error(&parser->state, "-%c: %s", option, unknown);
	} else {
		int key = (int)((unsigned)option << (32 - KEY_BITS)) >> (32 - KEY_BITS);

		error = call(parser, &parser->groups[number - 1], key, arg);
		if (error == ARGP_ERR_UNKNOWN) {
			const struct option *found = parser->longs;

			while (found->name && found->val != option)
				found++;
			argp_error(&parser->state, "--%s: %s",
				   found->name ? found->name : "???", unknown);
		}
	}
	return error;
}

/* One option or argument; `*rest` when none is left, or none that is understood. */
static error_t parse_next(struct parser *parser, int *rest)
{
	struct argp_state *state = &parser->state;
	struct wb_getopt *getopt = &parser->getopt;
	int option = -1;
	error_t error;

	if (state->quoted && state->next < state->quoted)
		state->quoted = 0;
	if (parser->options_follow && !state->quoted) {
		getopt->index = state->next;
		getopt->option = -1;
		option = wb_getopt(getopt, state->argc, state->argv, parser->shorts,
				   parser->longs, NULL,
				   !!(state->flags & ARGP_LONG_ONLY));
		state->next = getopt->index;
		if (option == -1) {
			parser->options_follow = 0;
			if (state->next > 1 &&
			    strcmp(state->argv[state->next - 1], "--") == 0)
				state->quoted = state->next;
		} else if (option == '?' && getopt->option != -1) {
			*rest = 0;
			return ARGP_ERR_UNKNOWN;
		}
	}
	if (option == -1) {
		if (state->next >= state->argc || (state->flags & ARGP_NO_ARGS)) {
			*rest = 1;
			return ARGP_ERR_UNKNOWN;
		}
		getopt->argument = state->argv[state->next++];
		option = 1;
	}
	if (option == 1)
		error = parse_argument(parser, getopt->argument);
	else
		error = parse_option(parser, option, getopt->argument);
	if (error == ARGP_ERR_UNKNOWN)
		*rest = option == 1;
	return error;
}

static error_t finish(struct parser *parser, error_t error, int rest, int *end_index)
{
	struct argp_state *state = &parser->state;

	if (error == ARGP_ERR_UNKNOWN && rest)
		error = 0;
	if (!error && state->next == state->argc) {
		for (struct group *group = parser->groups;
		     group < parser->groups_end && goes_on(error); group++)
			if (group->taken == 0)
				error = call(parser, group, ARGP_KEY_NO_ARGS, NULL);
		if (goes_on(error))
			error = call_all_back(parser, ARGP_KEY_END);
		if (end_index)
			*end_index = state->next;
	} else if (!error && end_index) {
		*end_index = state->next;
	} else if (!error) {
		if (!(state->flags & ARGP_NO_ERRS) && state->err_stream)
			fprintf(state->err_stream, "%s: Too many arguments\n",
				state->name);
		error = ARGP_ERR_UNKNOWN;
	}
	if (error) {
		if (error == ARGP_ERR_UNKNOWN)
			argp_state_help(state, state->err_stream, ARGP_HELP_STD_ERR);
		for (struct group *group = parser->groups; group < parser->groups_end;
		     group++)
			call(parser, group, ARGP_KEY_ERROR, NULL);
	} else {
		error = call_all_back(parser, ARGP_KEY_SUCCESS);
	}
	for (struct group *group = parser->groups_end; group-- > parser->groups;)
		call(parser, group, ARGP_KEY_FINI, NULL);
	return error == ARGP_ERR_UNKNOWN ? EINVAL : error;
}

static void set_state(struct parser *parser, const struct argp *argp, int argc,
		      char **argv, unsigned flags)
{
	struct argp_state *state = &parser->state;

	*state = (struct argp_state){
		.root_argp = argp,
		.argc = argc,
		.argv = argv,
		.flags = flags,
		.err_stream = stderr,
		.out_stream = stdout,
		.name = (char *)wb_argp_name(NULL),
		.pstate = parser,
	};
	parser->options_follow = 1;
	parser->getopt.print_errors = !(flags & ARGP_NO_ERRS);
	if ((flags & ARGP_NO_ERRS) && (flags & ARGP_PARSE_ARGV0)) {
		/* getopt() always skips one. */
		state->argv--;
		state->argc++;
	} else if (argc > 0 && argv[0]) {
		char *slash = strrchr(argv[0], '/');

		state->name = slash ? slash + 1 : argv[0];
	}
}

error_t argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
		   int *end_index, void *input)
{
	struct argp_child children[4] = { 0 }, *child = children;
	struct argp with_help = { .children = children };
	struct parser parser = { 0 };
	struct sizes sizes = { 0 };
	void **inputs;
	error_t error;
	int rest = 0;

	if (!(flags & ARGP_NO_HELP)) {
		if (argp)
			(child++)->argp = argp;
		(child++)->argp = &help_argp;
		if (argp_program_version || argp_program_version_hook)
			child->argp = &version_argp;
		argp = &with_help;
	}
	if (argp)
		count(argp, &sizes);
	parser.groups = parser.groups_end = allocate(sizes.groups, sizeof(struct group));
	parser.shorts = allocate(sizes.options * 3 + 2, 1);
	parser.longs = allocate(sizes.options + 1, sizeof(struct option));
	parser.inputs = inputs = allocate(sizes.inputs, sizeof(void *));
	if (!parser.groups || !parser.shorts || !parser.longs || !parser.inputs) {
		error = ENOMEM;
		goto done;
	}
	if (flags & ARGP_IN_ORDER)
		parser.shorts[parser.shorts_count++] = '-';
	else if (flags & ARGP_NO_ARGS)
		parser.shorts[parser.shorts_count++] = '+';
	if (argp)
		add_groups(&parser, argp, NULL, 0);
	set_state(&parser, argp, argc, argv, flags);
	error = initialize(&parser, input);
	if (error)
		goto done;
	while (!error)
		error = parse_next(&parser, &rest);
	error = finish(&parser, error, rest, end_index);
done:
	free(parser.groups);
	free(parser.shorts);
	free(parser.longs);
	free(inputs);
	return error;
}

void *wb_argp_input(const struct argp *argp, const struct argp_state *state)
{
	const struct parser *parser = state ? state->pstate : NULL;

	for (struct group *group = parser ? parser->groups : NULL;
	     parser && group < parser->groups_end; group++)
		if (group->argp == argp)
			return group->input;
	return NULL;
}

extern __typeof(argp_parse) __argp_parse __attribute__((alias("argp_parse")));
