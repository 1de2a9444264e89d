/* SPDX-License-Identifier: MIT */
/* The layout of help texts. */
#include "argp-help.h"
#include <string.h>

static const struct layout_field {
	const char *name;
	bool is_switch;
	size_t offset;
} layout_fields[] = {
	{ "dup-args", true, offsetof(struct wb_argp_layout, dup_args) },
	{ "dup-args-note", true, offsetof(struct wb_argp_layout, dup_args_note) },
	{ "short-opt-col", false, offsetof(struct wb_argp_layout, short_opt_col) },
	{ "long-opt-col", false, offsetof(struct wb_argp_layout, long_opt_col) },
	{ "doc-opt-col", false, offsetof(struct wb_argp_layout, doc_opt_col) },
	{ "opt-doc-col", false, offsetof(struct wb_argp_layout, opt_doc_col) },
	{ "header-col", false, offsetof(struct wb_argp_layout, header_col) },
	{ "usage-indent", false, offsetof(struct wb_argp_layout, usage_indent) },
	{ "rmargin", false, offsetof(struct wb_argp_layout, rmargin) },
};

#define FIELDS (sizeof(layout_fields) / sizeof(layout_fields[0]))

static int *layout_value(struct wb_argp_layout *layout, const struct layout_field *field)
{
	return (int *)((char *)layout + field->offset);
}

static bool columns_fit(struct wb_argp_layout *layout, const struct argp_state *state)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct layout_field *field = &layout_fields[i];

		if (!field->is_switch && field->offset != offsetof(struct wb_argp_layout, rmargin) &&
		    *layout_value(layout, field) >= layout->rmargin) {
			argp_failure(state, 0, 0,
				     "ARGP_HELP_FMT: %s value is less than or equal to %s",
				     "rmargin", field->name);
			return false;
		}
	}
	return true;
}

void wb_argp_read_layout(struct wb_argp_layout *layout, const struct argp_state *state)
{
	const char *text = getenv("ARGP_HELP_FMT");
	struct wb_argp_layout wanted = *layout;

	while (text && *text) {
		size_t length = 0;
		const char *name, *value;
		const struct layout_field *field = layout_fields;
		bool given;
		int number = 0;

		text = wb_argp_skip_blanks(text);
		if (!isalpha((unsigned char)*text)) {
			if (*text)
				argp_failure(state, 0, 0, "Garbage in ARGP_HELP_FMT: %s", text);
			break;
		}
		name = text;
		while (isalnum((unsigned char)name[length]) || name[length] == '-' ||
		       name[length] == '_')
			length++;
		value = wb_argp_skip_blanks(name + length);
		given = *value && *value != ',';
		if (*value == '=')
			value = wb_argp_skip_blanks(value + 1);
		if (!given) {
			number = !(length > 3 && strncmp(name, "no-", 3) == 0);
			if (!number) {
				name += 3;
				length -= 3;
			}
		} else if (isdigit((unsigned char)*value)) {
			number = (int)strtol(value, (char **)&value, 10);
			value = wb_argp_skip_blanks(value);
		}
		while (field < layout_fields + FIELDS &&
		       !(strlen(field->name) == length &&
			 strncmp(field->name, name, length) == 0))
			field++;
		if (field == layout_fields + FIELDS) {
			argp_failure(state, 0, 0, "%.*s: Unknown ARGP_HELP_FMT parameter",
				     (int)length, name);
			break;
		}
		if (!given && !field->is_switch)
			argp_failure(state, 0, 0,
				     "%.*s: ARGP_HELP_FMT parameter requires a value",
				     (int)length, name);
		else
			*layout_value(&wanted, field) = number;
		text = *value == ',' ? value + 1 : value;
	}
	if (columns_fit(&wanted, state))
		*layout = wanted;
}
