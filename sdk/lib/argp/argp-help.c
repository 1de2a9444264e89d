/* SPDX-License-Identifier: MIT */
/* Help and error texts of argp. */
#define _GNU_SOURCE
#include "argp-help.h"
#include <string.h>
#include <sysexits.h>

__attribute__((weak)) const char *argp_program_bug_address;
__attribute__((weak)) error_t argp_err_exit_status = EX_USAGE;

const char *wb_argp_filtered(const struct wb_argp_help *help, const char *text, int key,
			     const struct argp *argp)
{
	if (!argp || !argp->help_filter)
		return text;
	return argp->help_filter(key, text, wb_argp_input(argp, help->state));
}

void wb_argp_release(const char *filtered_text, const char *text)
{
	if (filtered_text && filtered_text != text)
		free((char *)filtered_text);
}

static bool print_text(struct wb_flow *flow, const char *text, bool blank_before)
{
	if (!text)
		return false;
	if (blank_before)
		wb_flow_putc(flow, '\n');
	wb_flow_puts(flow, text);
	if (wb_flow_column(flow) > flow->left)
		wb_flow_putc(flow, '\n');
	return true;
}

/* Those of the parser and its children; before the options only the first. */
static bool print_docs(struct wb_argp_help *help, const struct argp *argp, bool after,
		       bool blank_before, bool only_first)
{
	const char *split = argp->doc ? strchr(argp->doc, '\v') : NULL;
	const char *text = after ? (split ? split + 1 : NULL) : argp->doc, *shown;
	char *copy = NULL;
	bool any;

	/* NB: a text that begins with \v is printed whole, as by glibc. */
	if (split > argp->doc && !after)
		text = copy = strndup(argp->doc, (size_t)(split - argp->doc));
	shown = wb_argp_filtered(help, text,
				 after ? ARGP_KEY_HELP_POST_DOC : ARGP_KEY_HELP_PRE_DOC, argp);
	any = print_text(&help->flow, shown, blank_before);
	wb_argp_release(shown, text);
	free(copy);
	if (after && argp->help_filter) {
		shown = wb_argp_filtered(help, NULL, ARGP_KEY_HELP_EXTRA, argp);
		any |= print_text(&help->flow, shown, any || blank_before);
		wb_argp_release(shown, NULL);
	}
	for (const struct argp_child *child = argp->children;
	     child && child->argp && !(only_first && any); child++)
		any |= print_docs(help, child->argp, after, any || blank_before, only_first);
	return any;
}

static void print_help(const struct argp *argp, const struct argp_state *state,
		       FILE *stream, unsigned flags, const char *name)
{
	struct wb_argp_help help = {
		.layout = { 0, 1, 2, 6, 2, 29, 1, 12, 79 },
		.state = state,
	};
	bool any = false;

	if (!stream || !argp)
		return;
	wb_argp_read_layout(&help.layout, state);
	wb_flow_open(&help.flow, stream, help.layout.rmargin);
	if (flags & (ARGP_HELP_USAGE | ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG)) {
		wb_argp_add_entries(&help, argp, NULL);
		wb_argp_sort_entries(&help);
	}
	if (flags & (ARGP_HELP_USAGE | ARGP_HELP_SHORT_USAGE)) {
		wb_argp_print_usage(&help, argp, flags & ARGP_HELP_SHORT_USAGE, name);
		any = true;
	}
	if (flags & ARGP_HELP_PRE_DOC)
		any |= print_docs(&help, argp, false, false, true);
	if (flags & ARGP_HELP_SEE) {
		wb_flow_printf(&help.flow,
			       "Try `%s --help' or `%s --usage' for more information.\n",
			       name, name);
		any = true;
	}
	if ((flags & ARGP_HELP_LONG) && help.count) {
		if (any)
			wb_flow_putc(&help.flow, '\n');
		wb_argp_print_options(&help);
		any = true;
	}
	if (flags & ARGP_HELP_POST_DOC)
		any |= print_docs(&help, argp, true, any, false);
	if ((flags & ARGP_HELP_BUG_ADDR) && argp_program_bug_address) {
		if (any)
			wb_flow_putc(&help.flow, '\n');
		wb_flow_printf(&help.flow, "Report bugs to %s.\n", argp_program_bug_address);
	}
	wb_flow_close(&help.flow);
	for (int i = 0; i < help.count; i++)
		free(help.entries[i].shorts);
	free(help.entries);
	while (help.clusters) {
		struct wb_argp_cluster *cluster = help.clusters;

		help.clusters = cluster->allocated_before;
		free(cluster);
	}
}

const char *wb_argp_name(const struct argp_state *state)
{
	return state ? state->name : program_invocation_short_name;
}

static bool is_silent(const struct argp_state *state)
{
	return state && (state->flags & ARGP_NO_ERRS);
}

void argp_help(const struct argp *argp, FILE *stream, unsigned flags, char *name)
{
	print_help(argp, NULL, stream, flags, name);
}

void argp_state_help(const struct argp_state *state, FILE *stream, unsigned flags)
{
	if (is_silent(state) || !stream)
		return;
	print_help(state ? state->root_argp : NULL, state, stream, flags,
		   wb_argp_name(state));
	if (state && (state->flags & ARGP_NO_EXIT))
		return;
	if (flags & ARGP_HELP_EXIT_ERR)
		exit(argp_err_exit_status);
	if (flags & ARGP_HELP_EXIT_OK)
		exit(0);
}

void argp_usage(const struct argp_state *state)
{
	argp_state_help(state, stderr, ARGP_HELP_STD_USAGE);
}

void argp_error(const struct argp_state *state, const char *format, ...)
{
	FILE *stream = state ? state->err_stream : stderr;
	va_list arguments;

	if (is_silent(state) || !stream)
		return;
	fprintf(stream, "%s: ", wb_argp_name(state));
	va_start(arguments, format);
	vfprintf(stream, format, arguments);
	va_end(arguments);
	putc('\n', stream);
	argp_state_help(state, stream, ARGP_HELP_STD_ERR);
}

void argp_failure(const struct argp_state *state, int status, int errnum,
		  const char *format, ...)
{
	FILE *stream = state ? state->err_stream : stderr;
	va_list arguments;

	if (is_silent(state) || !stream)
		return;
	fputs(wb_argp_name(state), stream);
	if (format) {
		fputs(": ", stream);
		va_start(arguments, format);
		vfprintf(stream, format, arguments);
		va_end(arguments);
	}
	if (errnum)
		fprintf(stream, ": %s", strerror(errnum));
	putc('\n', stream);
	if (status && !(state && (state->flags & ARGP_NO_EXIT)))
		exit(status);
}

extern __typeof(argp_help) __argp_help __attribute__((alias("argp_help")));
extern __typeof(argp_state_help) __argp_state_help __attribute__((alias("argp_state_help")));
extern __typeof(argp_usage) __argp_usage __attribute__((alias("argp_usage")));
extern __typeof(argp_error) __argp_error __attribute__((alias("argp_error")));
extern __typeof(argp_failure) __argp_failure __attribute__((alias("argp_failure")));
