#define _GNU_SOURCE
/* Types of the kernel and of an object: finding, resolving, strings, writing, C and typed data; compressed ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <bpf/btf.h>
#include "common.h"
#include "types.h"
#include "types.skel.h"

static void print(void *ctx, const char *format, va_list arguments)
{
	(void)ctx;
	vprintf(format, arguments);
}

static int kernel_types(void)
{
	struct btf *btf = btf__load_vmlinux_btf(), *module;
	const struct btf_type *type;
	int id, err;

	if (!btf)
		return failed("load the kernel's types", -errno);
	id = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	type = btf__type_by_id(btf, id);
	printf("task_struct: %s, %d members, %lld bytes, %s\n", btf__name_by_offset(btf, type->name_off),
	       btf_vlen(type), (long long)btf__resolve_size(btf, id), id > 0 ? "found" : "not found");
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = btf_members(type) + i;
		const char *name = btf__name_by_offset(btf, member->name_off);

		if (!strcmp(name, "pid") || !strcmp(name, "comm"))
			printf("  %s at %u, %lld bytes, resolves to kind %u\n", name, btf_member_bit_offset(type, i) / 8,
			       (long long)btf__resolve_size(btf, member->type),
			       btf_kind(btf__type_by_id(btf, btf__resolve_type(btf, member->type))));
	}
	id = btf__find_by_name_kind(btf, "no_such_type", BTF_KIND_STRUCT);
	printf("no such type: %d, errno %d\n", id, errno);
	err = libbpf_find_vmlinux_btf_id("bpf_prog_load", BPF_TRACE_FENTRY);
	printf("function: %s\n", err > 0 ? "found" : strerror(-err));
	printf("pointers: %zu, many: %d\n", btf__pointer_size(btf), btf__type_cnt(btf) > 1000);
	module = btf__load_module_btf("no_such_module", btf);
	printf("no such module: %ld\n", libbpf_get_error(module));
	btf__free(btf);
	return 0;
}

static int own_types(const struct btf *btf, const struct point *value)
{
	LIBBPF_OPTS(btf_dump_type_data_opts, opts, .indent_level = 1, .emit_zeroes = false);
	int id = btf__find_by_name_kind(btf, "point", BTF_KIND_STRUCT), err;
	struct btf_dump *dump = btf_dump__new(btf, print, NULL, NULL);

	if (!dump)
		return failed("make a dump", -errno);
	err = btf_dump__dump_type(dump, id);
	printf("\n%d\n", err);
	err = btf_dump__dump_type_data(dump, id, value, sizeof(*value), &opts);
	printf("\n%d, complete: %d\n", err, err == sizeof(*value));
	opts.compact = true;
	opts.skip_names = true;
	err = btf_dump__dump_type_data(dump, id, value, sizeof(*value), &opts);
	printf("\n%d\n", err > 0);
	err = btf_dump__dump_type_data(dump, id, value, 4, &opts);
	printf("\ntoo short: %d\n", err);
	btf_dump__free(dump);
	return 0;
}

static int new_types(void)
{
	struct btf *btf = btf__new_empty();
	int number, structure, err, offset;
	struct btf_dump *dump;
	__u32 size;

	offset = btf__add_str(btf, "some words");
	printf("%s, %d\n", btf__str_by_offset(btf, offset), btf__find_str(btf, "some words") == offset);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	structure = btf__add_struct(btf, "pair", 8);
	err = btf__add_field(btf, "first", number, 0, 0);
	err = err ?: btf__add_field(btf, "second", btf__add_ptr(btf, structure) > 0 ? number : 0, 32, 0);
	/* NB: fields are added to the newest type, which is the pointer now. */
	printf("%d %d %d\n", number, structure, err);
	dump = btf_dump__new(btf, print, NULL, NULL);
	err = btf_dump__dump_type(dump, structure);
	printf("%d, %s, %d types\n", err, btf__raw_data(btf, &size) && size > 60 ? "data" : "no data",
	       btf__type_cnt(btf));
	btf_dump__free(dump);
	btf__free(btf);
	return 0;
}

/* Into a file of the working directory that nobody else has. */
static int write_compressed(char *path, const void *data, __u32 size)
{
	int fd = mkstemp(path);
	gzFile file = fd >= 0 ? gzdopen(fd, "w9") : NULL;
	int written = file ? gzwrite(file, data, size) : 0;

	if (!file || gzclose(file) != Z_OK || written != (int)size)
		return failed("write compressed types", EIO);
	return 0;
}

/* As tools do that carry the types of many kernels in compressed form. */
static int decompress(const char *path, char *to)
{
	unsigned char in[256], out[512];
	FILE *from = fopen(path, "r");
	z_stream stream = {};
	int fd = mkostemp(to, O_CLOEXEC), status = inflateInit2(&stream, 16 + MAX_WBITS);

	if (!from || fd < 0 || status != Z_OK)
		return failed("decompress", from && fd >= 0 ? EINVAL : errno);
	while (status == Z_OK) {
		if (!stream.avail_in) {
			stream.avail_in = fread(in, 1, sizeof(in), from);
			stream.next_in = in;
		}
		stream.avail_out = sizeof(out);
		stream.next_out = out;
		status = inflate(&stream, Z_NO_FLUSH);
		if (write(fd, out, sizeof(out) - stream.avail_out) < 0)
			status = Z_ERRNO;
	}
	printf("inflated: %d, %lu bytes, %s\n", status, stream.total_out, stream.total_in < stream.total_out ? "fewer before" : "as many");
	inflateEnd(&stream);
	fclose(from);
	close(fd);
	return status == Z_STREAM_END ? 0 : failed("decompress", EILSEQ);
}

static int compressed_types(const struct btf *btf)
{
	char compressed[] = "types-XXXXXX", plain[] = "plain-XXXXXX";
	const void *data;
	struct btf *again;
	__u32 size;
	int err;

	data = btf__raw_data(btf, &size);
	err = write_compressed(compressed, data, size);
	err = err ?: decompress(compressed, plain);
	if (err)
		return err;
	again = btf__parse(plain, NULL);
	printf("again: %d %d, crc %d\n", btf__type_cnt(again) == btf__type_cnt(btf),
	       btf__find_by_name_kind(again, "point", BTF_KIND_STRUCT) == btf__find_by_name_kind(btf, "point", BTF_KIND_STRUCT),
	       crc32(0, btf__raw_data(again, &size), size) == crc32(0, data, size));
	btf__free(again);
	if (unlink(compressed) || unlink(plain))
		return failed("remove the files", errno);
	strcpy(strchr(plain, '-'), "-XXXXXX");
	err = decompress("types.h", plain);
	unlink(plain);
	return err ? 0 : failed("refuse what is not compressed", EINVAL);
}

int main(void)
{
	struct types_bpf *skel;
	int err;

	common_init();
	skel = types_bpf__open();
	if (!skel)
		return failed("open", errno);
	err = bpf_program__set_attach_target(skel->progs.on_function, 0, "bpf_prog_load");
	printf("target: %d, type %d, none: %d\n", err, bpf_program__expected_attach_type(skel->progs.on_function),
	       bpf_program__set_attach_target(skel->progs.on_function, 0, "no_such_function"));
	err = types_bpf__load(skel);
	if (err) {
		failed("load", err);
		goto cleanup;
	}
	err = kernel_types();
	err = err ?: own_types(bpf_object__btf(skel->obj), &skel->data->origin);
	err = err ?: new_types();
	err = err ?: compressed_types(bpf_object__btf(skel->obj));

cleanup:
	types_bpf__destroy(skel);
	return err != 0;
}
