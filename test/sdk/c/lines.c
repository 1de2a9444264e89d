/* Every line that loading an object prints, with its level in front. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

static int with_level(enum libbpf_print_level level, const char *format, va_list arguments)
{
	printf("<%d>", level);
	return vprintf(format, arguments);
}

/* @kconfig: a setting that the object asks for */
static void load(const char *path, const char *kconfig)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "lines", .kconfig = kconfig);
	struct bpf_object *object = bpf_object__open_file(path, &opts);
	struct bpf_map *left_out = bpf_object__find_map_by_name(object, "left_out");

	bpf_map__set_autocreate(left_out, false);
	printf("load: %d\n", bpf_object__load(object));
	bpf_object__close(object);
}

int main(int count, char **arguments)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(with_level);
	load(arguments[1], "CONFIG_SDK_NUMBER=7");
	load(arguments[1], "CONFIG_SDK_NUMBER=seven");
	return count != 2;
}
