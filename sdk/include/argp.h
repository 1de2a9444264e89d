/* SPDX-License-Identifier: MIT */
/*
 * Command lines described by tables: argp, as in glibc, whose texts and layout
 * it prints. Reference: "Parsing Program Options with Argp" in glibc's manual.
 */
#ifndef WASM_BPF_ARGP_H
#define WASM_BPF_ARGP_H

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __error_t_defined
#define __error_t_defined 1
typedef int error_t;
#endif

struct argp_state;

typedef error_t (*argp_parser_t)(int key, char *arg, struct argp_state *state);

/** One name of an option, or a header when it has neither `name` nor `key`. All zero (but for `doc`, `group`) ends the table. */
struct argp_option {
	const char *name; /* long name, or NULL */
	int key; /* what the parser gets; also the short name when printable */
	const char *arg; /* name of its argument, or NULL */
	int flags; /* OPTION_* */
	const char *doc;
	int group; /* order in help texts: 0, 1, ..., -2, -1; 0: the one before */
};

#define OPTION_ARG_OPTIONAL 0x1
#define OPTION_HIDDEN 0x2 /* in no help text */
#define OPTION_ALIAS 0x4 /* another name of the option before */
#define OPTION_DOC 0x8 /* no option, only help text */
#define OPTION_NO_USAGE 0x10 /* not in --usage */
#define OPTION_NO_TRANS 0x20

struct argp {
	const struct argp_option *options;
	argp_parser_t parser;
	const char *args_doc; /* the arguments; each line is an alternative */
	const char *doc; /* text before, and after \v text behind the options */
	const struct argp_child *children;
	char *(*help_filter)(int key, const char *text, void *input);
	const char *argp_domain;
};

/** A parser that handles further options. The one with `argp` NULL ends the list. */
struct argp_child {
	const struct argp *argp;
	int flags;
	const char *header; /* its options stand together below this, "" for no line */
	int group;
};

struct argp_state {
	const struct argp *root_argp;
	int argc;
	char **argv;
	int next; /* index of the next argument; may be changed */
	unsigned flags; /* ARGP_* below */
	unsigned arg_num; /* arguments that this parser has taken */
	int quoted; /* index of the first argument after --, or 0 */
	void *input;
	void **child_inputs;
	void *hook;
	char *name; /* of the program, for messages */
	FILE *err_stream;
	FILE *out_stream;
	void *pstate;
};

/* A parser's answer to a key that it does not know. */
#define ARGP_ERR_UNKNOWN E2BIG

/* Keys that are no options. */
#define ARGP_KEY_ARG 0
#define ARGP_KEY_END 0x1000001
#define ARGP_KEY_NO_ARGS 0x1000002
#define ARGP_KEY_INIT 0x1000003
#define ARGP_KEY_SUCCESS 0x1000004
#define ARGP_KEY_ERROR 0x1000005
#define ARGP_KEY_ARGS 0x1000006
#define ARGP_KEY_FINI 0x1000007

/* Keys of help texts for `help_filter`. */
#define ARGP_KEY_HELP_PRE_DOC 0x2000001
#define ARGP_KEY_HELP_POST_DOC 0x2000002
#define ARGP_KEY_HELP_HEADER 0x2000003
#define ARGP_KEY_HELP_EXTRA 0x2000004
#define ARGP_KEY_HELP_DUP_ARGS_NOTE 0x2000005
#define ARGP_KEY_HELP_ARGS_DOC 0x2000006

/* Flags of argp_parse(). */
#define ARGP_PARSE_ARGV0 0x01 /* argv[0] is an argument, with ARGP_NO_ERRS */
#define ARGP_NO_ERRS 0x02 /* print no errors */
#define ARGP_NO_ARGS 0x04 /* end at the first argument */
#define ARGP_IN_ORDER 0x08 /* do not put options before arguments */
#define ARGP_NO_HELP 0x10 /* no --help, --usage, --version */
#define ARGP_NO_EXIT 0x20
#define ARGP_LONG_ONLY 0x40 /* -name is --name */
#define ARGP_SILENT (ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP)

/* What argp_help() and argp_state_help() print. */
#define ARGP_HELP_USAGE 0x01
#define ARGP_HELP_SHORT_USAGE 0x02
#define ARGP_HELP_SEE 0x04
#define ARGP_HELP_LONG 0x08
#define ARGP_HELP_PRE_DOC 0x10
#define ARGP_HELP_POST_DOC 0x20
#define ARGP_HELP_DOC (ARGP_HELP_PRE_DOC | ARGP_HELP_POST_DOC)
#define ARGP_HELP_BUG_ADDR 0x40
#define ARGP_HELP_LONG_ONLY 0x80
/* What argp_state_help() does then. */
#define ARGP_HELP_EXIT_ERR 0x100
#define ARGP_HELP_EXIT_OK 0x200

#define ARGP_HELP_STD_ERR (ARGP_HELP_SEE | ARGP_HELP_EXIT_ERR)
#define ARGP_HELP_STD_USAGE \
	(ARGP_HELP_SHORT_USAGE | ARGP_HELP_SEE | ARGP_HELP_EXIT_ERR)
#define ARGP_HELP_STD_HELP \
	(ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_EXIT_OK | \
	 ARGP_HELP_DOC | ARGP_HELP_BUG_ADDR)

/* Programs set these, or define them. */
extern const char *argp_program_version;
extern void (*argp_program_version_hook)(FILE *stream, struct argp_state *state);
extern const char *argp_program_bug_address;
extern error_t argp_err_exit_status; /* 64 */

/**
 * Parses a command line; `arg_index` gets the index of the first argument that was not taken. Prints errors and exits,
 * unless the flags say otherwise.
 *
 * @return 0, what a parser returned, or EINVAL.
 */
error_t argp_parse(const struct argp *__restrict argp, int argc,
		   char **__restrict argv, unsigned flags,
		   int *__restrict arg_index, void *__restrict input);

/** Prints what ARGP_HELP_* `flags` say about a program of that name. */
void argp_help(const struct argp *__restrict argp, FILE *__restrict stream,
	       unsigned flags, char *__restrict name);
void argp_state_help(const struct argp_state *__restrict state,
		     FILE *__restrict stream, unsigned int flags);
void argp_usage(const struct argp_state *state);

/** Prints the error and where to find help, and exits. */
void argp_error(const struct argp_state *__restrict state,
		const char *__restrict format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/** Prints an error that is none of the command line, with errno's text, and exits if `status` is not 0. */
void argp_failure(const struct argp_state *__restrict state, int status,
		  int errnum, const char *__restrict format, ...)
	__attribute__((__format__(__printf__, 4, 5)));

/* The same with the names that glibc keeps for itself. */
error_t __argp_parse(const struct argp *__restrict, int, char **__restrict,
		     unsigned, int *__restrict, void *__restrict);
void __argp_help(const struct argp *__restrict, FILE *__restrict, unsigned,
		 char *__restrict);
void __argp_state_help(const struct argp_state *__restrict, FILE *__restrict,
		       unsigned int);
void __argp_usage(const struct argp_state *);
void __argp_error(const struct argp_state *__restrict, const char *__restrict,
		  ...) __attribute__((__format__(__printf__, 2, 3)));
void __argp_failure(const struct argp_state *__restrict, int, int,
		    const char *__restrict, ...)
	__attribute__((__format__(__printf__, 4, 5)));

int _option_is_short(const struct argp_option *option);
int _option_is_end(const struct argp_option *option);

#ifdef __cplusplus
}
#endif

#endif
