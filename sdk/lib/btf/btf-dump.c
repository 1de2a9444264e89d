/* Types and data printed as C: the host makes the text, the program's function prints it. */
#include <stdlib.h>

#include "btf-internal.h"
#include "opts.h"

#define ROOM (16 * 1024)

struct btf_dump {
	struct btf *btf;
	btf_dump_printf_fn_t print;
	void *context;
	uint32_t number; /* of this dump, for the host */
	char *text;
	int room;
};

struct btf_dump *btf_dump__new(const struct btf *btf, btf_dump_printf_fn_t printf_fn, void *ctx,
			       const struct btf_dump_opts *opts)
{
	static uint32_t numbers;
	struct btf_dump *dump;

	if (!WB_OPTS_VALID(opts, btf_dump_opts) || !printf_fn)
		return wb_null(EINVAL);
	dump = calloc(1, sizeof(*dump));
	if (!dump)
		return wb_null(ENOMEM);
	*dump = (struct btf_dump){ (struct btf *)btf, printf_fn, ctx, ++numbers, malloc(ROOM), ROOM };
	if (!dump->text) {
		free(dump);
		return wb_null(ENOMEM);
	}
	return dump;
}

void btf_dump__free(struct btf_dump *d)
{
	if (!d || (unsigned long)d >= (unsigned long)-4095L)
		return;
	free(d->text);
	free(d);
}

static void print(const struct btf_dump *dump, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	dump->print(dump->context, format, arguments);
	va_end(arguments);
}

/* Has the host print, and passes it on: 0 or -errno. */
static int dump(struct btf_dump *d, struct wb_btf_dump *req)
{
	int handle = wb_btf_handle(d->btf), length;

	if (handle < 0)
		return wb_fail(-handle);
	req->size = sizeof(*req);
	req->dump = d->number;
	*d->text = '\0'; /* NB: with -E2BIG, there is text as well. */
	length = wb_result(wb_btf_dump(handle, wb_address(req), wb_address(d->text), d->room - 1));
	if (length >= d->room) {
		char *text = realloc(d->text, length + 1);

		if (!text)
			return wb_fail(ENOMEM);
		d->text = text;
		d->room = length + 1;
		length = wb_result(wb_btf_dump(handle, wb_address(req), wb_address(d->text), length));
	}
	if (length >= 0)
		d->text[length] = '\0';
	if (*d->text)
		print(d, "%s", d->text);
	return length < 0 ? wb_fail(-length) : 0;
}

int btf_dump__dump_type(struct btf_dump *d, __u32 id)
{
	struct wb_btf_dump req = { .what = WB_DUMP_TYPE, .id = id };

	return id < btf__type_cnt(d->btf) ? dump(d, &req) : wb_fail(EINVAL);
}

int btf_dump__emit_type_decl(struct btf_dump *d, __u32 id, const struct btf_dump_emit_type_decl_opts *opts)
{
	struct wb_btf_dump req = { .what = WB_DUMP_DECLARATION, .id = id };

	if (!WB_OPTS_VALID(opts, btf_dump_emit_type_decl_opts))
		return wb_fail(EINVAL);
	req.field_name_at = wb_address(WB_OPTS_GET(opts, field_name, NULL));
	req.indent_level = WB_OPTS_GET(opts, indent_level, 0);
	if (WB_OPTS_GET(opts, strip_mods, false))
		req.flags = WB_DUMP_STRIP_MODIFIERS;
	return dump(d, &req);
}

int btf_dump__dump_type_data(struct btf_dump *d, __u32 id, const void *data, size_t data_sz,
			     const struct btf_dump_type_data_opts *opts)
{
	struct wb_btf_dump req = {
		.what = WB_DUMP_DATA,
		.id = id,
		.data_at = wb_address(data),
		.data_size = data_sz,
	};
	int result;
	__s64 size;

	if (!WB_OPTS_VALID(opts, btf_dump_type_data_opts))
		return wb_fail(EINVAL);
	if (!btf__type_by_id(d->btf, id))
		return wb_fail(ENOENT);
	req.indent_string_at = wb_address(WB_OPTS_GET(opts, indent_str, NULL));
	req.indent_level = WB_OPTS_GET(opts, indent_level, 0);
	if (WB_OPTS_GET(opts, compact, false))
		req.flags |= WB_DUMP_COMPACT;
	if (WB_OPTS_GET(opts, skip_names, false))
		req.flags |= WB_DUMP_SKIP_NAMES;
	if (WB_OPTS_GET(opts, emit_zeroes, false))
		req.flags |= WB_DUMP_EMIT_ZEROES;
	if (WB_OPTS_GET(opts, emit_strings, false))
		req.flags |= WB_DUMP_EMIT_STRINGS;
	result = dump(d, &req);
	if (result)
		return result;
	size = btf__resolve_size(d->btf, id);
	return size < 0 ? 0 : (int)size;
}
