/* The life of a skeleton: everything it shows is printed, the same natively and in a guest. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "answers.h"
#include "skeleton.skel.h"

static void describe(struct bpf_object *obj)
{
	struct bpf_program *prog;
	struct bpf_map *map;

	printf("object %s\n", bpf_object__name(obj));
	bpf_object__for_each_program(prog, obj)
		printf("program %s in %s: type %d, attach type %d, load %d, attach %d, flags %u, log level %u\n",
		       bpf_program__name(prog), bpf_program__section_name(prog), bpf_program__type(prog),
		       bpf_program__expected_attach_type(prog), bpf_program__autoload(prog),
		       bpf_program__autoattach(prog), bpf_program__flags(prog), bpf_program__log_level(prog));
	bpf_object__for_each_map(map, obj) {
		size_t size = 0;
		void *initial = (void *)bpf_map__initial_value(map, &size);

		printf("map %s: type %d, key %u, value %u, entries %u, flags %u, internal %d, create %d, contents %d %zu, fd %d\n",
		       bpf_map__name(map), bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map),
		       bpf_map__max_entries(map), bpf_map__map_flags(map), bpf_map__is_internal(map),
		       bpf_map__autocreate(map), initial != NULL, size, bpf_map__fd(map) >= 0);
	}
	for (prog = bpf_object__prev_program(obj, NULL); prog; prog = bpf_object__prev_program(obj, prog))
		printf("back %s\n", bpf_program__name(prog));
	for (map = bpf_object__prev_map(obj, NULL); map; map = bpf_object__prev_map(obj, map))
		printf("back %s\n", bpf_map__name(map));
}

static void before_load(struct skeleton *skel)
{
	struct bpf_object *obj = skel->obj;

	show(skel->rodata->answer);
	printf("label %s\n", (const char *)skel->rodata->label);
	show(skel->data->scale);
	show(skel->bss->counter);
	show(bpf_object__find_map_by_name(obj, ".rodata") == skel->maps.rodata);
	show(bpf_object__find_map_by_name(obj, "skeleton.rodata") == skel->maps.rodata);
	show(bpf_object__find_map_by_name(obj, ".data.extra") != NULL);
	fails(bpf_object__find_map_by_name(obj, "rodata"));
	fails(bpf_object__find_program_by_name(obj, "nothing"));
	fails(bpf_object__find_map_fd_by_name(obj, "nothing"));
	show(bpf_object__find_map_fd_by_name(obj, "counts"));
	fails(bpf_program__fd(skel->progs.count));
	fails(bpf_program__fd(NULL));
	fails(bpf_map__fd(NULL));
	fails(bpf_map__set_initial_value(skel->maps.counts, "", 1));
	fails(bpf_map__set_initial_value(skel->maps.data, "", 1));
	show(bpf_map__set_initial_value(skel->maps.data, (int[]){ 4 }, 4));
	show(skel->data->scale);
	fails(bpf_map__inner_map(skel->maps.counts));
	fails(bpf_map__set_inner_map_fd(skel->maps.counts, 0));
	fails(bpf_object__pin(obj, "/sys/fs/bpf/nothing"));
	fails(bpf_object__pin_maps(NULL, "/sys/fs/bpf/nothing"));
	fails(bpf_program__set_attach_target(skel->progs.probe, 0, NULL));
	fails(bpf_program__set_attach_target(skel->progs.probe, -1, "x"));
	show(bpf_program__set_log_buf(skel->progs.probe, NULL, 1));
	fails(bpf_program__attach(skel->progs.on_exit));
	fails(bpf_program__attach_raw_tracepoint(skel->progs.on_exit, "sched_switch"));

	show(bpf_map__set_max_entries(skel->maps.counts, 32));
	show(bpf_map__max_entries(skel->maps.counts));
	show(bpf_map__set_autocreate(skel->maps.per_cpu, false));
	show(bpf_program__set_autoload(skel->progs.probe, false));
	skel->rodata->answer = 42;
	skel->bss->counter = 100;
}

static void after_load(struct skeleton *skel)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	unsigned char packet[64] = {};
	long long value = 0;
	int key = 1;

	opts.data_in = packet;
	opts.data_size_in = sizeof(packet);
	show(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.count), &opts));
	show(opts.retval);
	show(skel->bss->counter);
	show(skel->bss->big[999]);
	show(skel->bss->kernel_version == skel->kconfig->LINUX_KERNEL_VERSION);
	skel->data->scale = -50;
	skel->bss->counter++;
	show(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.count), &opts));
	show(skel->bss->counter);
	show(skel->data_extra->extra);
	show(skel->rodata_more->constant);

	show(bpf_map__lookup_elem(skel->maps.counts, &key, sizeof(key), &value, sizeof(value), 0));
	show(value);
	fails(bpf_map__lookup_elem(skel->maps.counts, &key, 3, &value, sizeof(value), 0));
	fails(bpf_map__lookup_elem(skel->maps.counts, &key, sizeof(key), &value, 4, 0));
	key = 2, value = 6;
	fails(bpf_map__lookup_elem(skel->maps.counts, &key, sizeof(key), &value, sizeof(value), 0));
	fails(bpf_map__update_elem(skel->maps.counts, &key, sizeof(key), &value, sizeof(value), BPF_EXIST));
	show(bpf_map__update_elem(skel->maps.counts, &key, sizeof(key), &value, sizeof(value), BPF_ANY));
	value = 0;
	show(bpf_map__lookup_and_delete_elem(skel->maps.counts, &key, sizeof(key), &value, sizeof(value), 0));
	show(value);
	show(bpf_map__get_next_key(skel->maps.counts, NULL, &key, sizeof(key)));
	show(key);
	fails(bpf_map__get_next_key(skel->maps.counts, &key, &key, sizeof(key)));
	show(bpf_map__delete_elem(skel->maps.counts, &key, sizeof(key), 0));
	fails(bpf_map__delete_elem(skel->maps.counts, &key, sizeof(key), 0));
	show(bpf_obj_get_info_by_fd(bpf_map__fd(skel->maps.counts), &info, &size));
	show(info.max_entries);

	fails(bpf_map__set_max_entries(skel->maps.counts, 1));
	fails(bpf_map__set_type(skel->maps.counts, BPF_MAP_TYPE_ARRAY));
	fails(bpf_map__set_value_size(skel->maps.counts, 1));
	fails(bpf_map__set_autocreate(skel->maps.counts, false));
	fails(bpf_program__set_autoload(skel->progs.count, false));
	fails(bpf_program__set_type(skel->progs.count, BPF_PROG_TYPE_XDP));
	fails(bpf_program__set_log_level(skel->progs.count, 1));
	fails(bpf_program__set_attach_target(skel->progs.count, 0, "x"));
	fails(bpf_program__fd(skel->progs.probe));
	fails(bpf_object__load(skel->obj));
	fails(bpf_program__attach(skel->progs.count));
	fails(bpf_program__attach_raw_tracepoint(skel->progs.on_exit, "no_such_event"));
}

static void attach(struct skeleton *skel)
{
	struct bpf_link *own = bpf_program__attach_raw_tracepoint(skel->progs.on_switch_with_a_long_name, "sched_switch");

	show(own != NULL);
	show(libbpf_get_error(own));
	skel->links.on_switch_with_a_long_name = own;
	bpf_program__set_autoattach(skel->progs.on_exit, false);
	show(skeleton__attach(skel));
	show(skel->links.on_switch_with_a_long_name == own);
	show(skel->links.on_exit != NULL);
	show(skel->links.count != NULL);
	bpf_program__set_autoattach(skel->progs.on_exit, true);
	show(skeleton__attach(skel));
	show(skel->links.on_exit != NULL);
	show(bpf_link__fd(skel->links.on_exit) >= 0);
	show(bpf_link__pin_path(own) != NULL);
	fails(bpf_link__unpin(own));
	skeleton__detach(skel);
	show(skel->links.on_exit != NULL || skel->links.on_switch_with_a_long_name != NULL);
	show(skeleton__attach(skel));
	show(skel->links.on_exit != NULL && skel->links.on_switch_with_a_long_name != NULL);
	show(bpf_link__detach(skel->links.on_switch_with_a_long_name) != 0);
}

int main(void)
{
	struct skeleton *skel;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(quiet);
	skel = skeleton__open();
	show(skel != NULL);
	if (!skel)
		return 1;
	describe(skel->obj);
	before_load(skel);
	if (skeleton__load(skel)) {
		printf("load: %s\n", strerror(errno));
		return 1;
	}
	describe(skel->obj);
	after_load(skel);
	attach(skel);
	skeleton__destroy(skel);
	skeleton__destroy(NULL);
	bpf_object__close(NULL);
	show(bpf_link__destroy(NULL));
	fails(bpf_object__open_mem(NULL, 1, NULL));
	show(bpf_object__open_mem("nonsense", 8, NULL) != NULL);
	fails(bpf_object__open_file("/nonexistent/file", NULL));
	fails(bpf_object__open_file(NULL, NULL));
	fails(bpf_link__open("/sys/fs/bpf/nonexistent"));
	fails(libbpf_get_error(bpf_object__open("/nonexistent/file")));
	return 0;
}
