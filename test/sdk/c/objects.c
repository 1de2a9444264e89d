/*
 * Objects without the help of a skeleton. Arguments: the object's file, a folder
 * of a BPF file system.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "answers.h"
#include "objects.skel.h"

static int run(const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	unsigned char packet[64] = {};

	opts.data_in = packet;
	opts.data_size_in = sizeof(packet);
	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) ?: (int)opts.retval;
}

/* Not in libbpf 1.1. */
static void resize(void)
{
	struct objects *skel = objects__open();
	struct bpf_map *map = skel->maps.data_sized;
	size_t size = 0;
	int *values = (int *)bpf_map__initial_value(map, &size);

	show(size);
	values[0] = 100;
	show(bpf_map__set_value_size(map, 4 * 5000)); /* more than a page */
	values = (int *)bpf_map__initial_value(map, &size);
	show(size);
	show(values[0]);
	show(values[4999]);
	for (int i = 1; i < 16; i++)
		values[i] = i;
	show(bpf_map__value_size(map));
	show(bpf_map__btf_value_type_id(map) != 0);
	bpf_map__set_pin_path(skel->maps.kept, NULL);
	bpf_program__set_autoload(skel->progs.add_all, true);
	show(objects__load(skel));
	show(run(skel->progs.add_all));
	show(skel->bss->sum);
	values[15] = 1000;
	show(run(skel->progs.add_all));
	show(skel->bss->sum);
	fails(bpf_map__set_value_size(map, 4));
	objects__destroy(skel);
}

static void inner_maps(struct bpf_object *obj)
{
	struct bpf_map *outer = bpf_object__find_map_by_name(obj, "outer");
	struct bpf_map *inner = bpf_map__inner_map(outer);

	show(inner != NULL);
	show(bpf_map__type(inner));
	show(bpf_map__max_entries(inner));
	show(bpf_map__value_size(inner));
}

static void instructions(const struct bpf_program *prog)
{
	const struct bpf_insn *insns = bpf_program__insns(prog);
	size_t count = bpf_program__insn_cnt(prog);

	show(insns != NULL && count > 10);
	show(insns[count - 1].code);
	show(bpf_program__insns(prog) == insns);
}

static void pins(struct bpf_object *obj, const char *folder)
{
	struct bpf_map *kept = bpf_object__find_map_by_name(obj, "kept");
	struct bpf_map *mapped = bpf_object__find_map_by_name(obj, "mapped");
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, "add");
	char path[256];
	int fd;

	show(bpf_map__is_pinned(kept));
	printf("path: ...%s\n", bpf_map__pin_path(kept) + strlen(folder));
	show(bpf_map__pin(kept, NULL));
	fails(bpf_map__pin(kept, "/sys/fs/bpf/elsewhere"));
	show(bpf_map__is_pinned(mapped));
	fails(bpf_map__pin(mapped, NULL));
	fails(bpf_map__unpin(mapped, NULL));
	snprintf(path, sizeof(path), "%s/deep/mapped", folder);
	show(bpf_map__pin(mapped, path));
	show(bpf_map__is_pinned(mapped));
	fd = bpf_obj_get(path);
	show(fd >= 0);
	close(fd);
	show(bpf_map__unpin(mapped, path));
	fails(bpf_obj_get(path));
	snprintf(path, sizeof(path), "%s/deep/add", folder);
	show(bpf_program__pin(prog, path));
	fails(bpf_program__pin(prog, path));
	show(bpf_program__unpin(prog, path));
	fails(bpf_program__unpin(prog, path));
	fails(bpf_map__pin(bpf_object__find_map_by_name(obj, "ring"), "/tmp/not-a-bpf-file-system"));
	show(bpf_map__unpin(kept, NULL));
	show(bpf_map__is_pinned(kept));
}

/* Another object uses a map of the first. */
static void reuse(const char *file, struct bpf_object *first)
{
	struct bpf_map *source = bpf_object__find_map_by_name(first, "kept"), *kept;
	struct bpf_object *obj = bpf_object__open_file(file, NULL);
	int key = 3, value = 4;

	kept = bpf_object__find_map_by_name(obj, "kept");
	show(bpf_map__set_max_entries(kept, 99));
	show(bpf_map__set_pin_path(kept, NULL));
	show(bpf_map__reuse_fd(kept, bpf_map__fd(source)));
	show(bpf_map__max_entries(kept));
	show(bpf_object__load(obj));
	show(bpf_map__update_elem(kept, &key, sizeof(key), &value, sizeof(value), 0));
	value = 0;
	show(bpf_map__lookup_elem(source, &key, sizeof(key), &value, sizeof(value), 0));
	show(value);
	bpf_object__close(obj);
}

/* Memory of the program that grows leaves globals where they are. */
static void grow(struct objects *skel)
{
	char *memory = malloc(48 << 20);

	show(memory != NULL);
	memset(memory, 1, 48 << 20);
	skel->bss->sum = 0;
	show(run(skel->progs.add));
	show(skel->bss->sum);
	free(memory);
}

static void by_hand(const char *file, const char *folder)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "by_hand", .pin_root_path = folder,
		    .kconfig = "CONFIG_SDK_TEST=y\nCONFIG_SDK_NUMBER=-7\n");
	struct bpf_object *obj = bpf_object__open_file(file, &opts);
	struct bpf_program *prog;
	struct bpf_map *map;
	int globals[3] = {}, key = 0;
	size_t size;

	show(obj != NULL);
	if (!obj)
		exit(1);
	printf("name: %s\n", bpf_object__name(obj));
	bpf_object__for_each_map(map, obj)
		printf("map %s: %u entries, flags %u, pinned %d\n", bpf_map__name(map), bpf_map__max_entries(map),
		       bpf_map__map_flags(map), bpf_map__pin_path(map) != NULL);
	show(bpf_object__kversion(obj) != 0);
	show(bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, "ring"), 5000));
	show(bpf_map__max_entries(bpf_object__find_map_by_name(obj, "ring")));
	prog = bpf_object__find_program_by_name(obj, "add");
	inner_maps(obj);
	instructions(prog);
	map = bpf_object__find_map_by_name(obj, ".data");
	*(int *)bpf_map__initial_value(map, &size) = 17;
	show(bpf_object__load(obj));
	fails(bpf_object__load(obj));
	instructions(prog);
	show(run(prog));
	map = bpf_object__find_map_by_name(obj, ".bss");
	show(bpf_map__lookup_elem(map, &key, sizeof(key), globals, sizeof(globals), 0));
	printf("globals: %d, %d, %d\n", globals[0], globals[1], globals[2]);
	show(bpf_object__find_map_fd_by_name(obj, "mapped") >= 0);
	show(bpf_object__btf_fd(obj) >= 0);
	pins(obj, folder);
	reuse(file, obj);
	bpf_program__unload(prog);
	fails(bpf_program__fd(prog));
	bpf_object__close(obj);
}

int main(int count, char **arguments)
{
	struct objects *skel;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(quiet);
	if (count < 3)
		return 1;
	if (!strcmp(arguments[1], "resize")) {
		resize();
		return 0;
	}
	by_hand(arguments[1], arguments[2]);
	skel = objects__open();
	bpf_map__set_pin_path(skel->maps.kept, NULL);
	show(objects__load(skel));
	grow(skel);
	objects__destroy(skel);
	return 0;
}
