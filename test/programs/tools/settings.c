/* Maps before and after load, pins, a map that is used again, records for the kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"
#include "settings.skel.h"

static void describe(const struct bpf_map *map)
{
	printf("%s: type %d, key %u, value %u, entries %u, flags %#x, %s\n", bpf_map__name(map), bpf_map__type(map),
	       bpf_map__key_size(map), bpf_map__value_size(map), bpf_map__max_entries(map), bpf_map__map_flags(map),
	       bpf_map__autocreate(map) ? "created" : "not created");
}

static int pins(struct settings_bpf *skel, const char *directory)
{
	char map[256], link[256];
	int err, fd;
	__u32 key = 3;
	__u64 value = 33;

	snprintf(map, sizeof(map), "%s/table", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	err = bpf_map__pin(skel->maps.table, map);
	printf("map: %d, %d, again %d\n", err, bpf_map__is_pinned(skel->maps.table), bpf_map__pin(skel->maps.table, map));
	bpf_map_update_elem(bpf_map__fd(skel->maps.table), &key, &value, BPF_ANY);
	fd = bpf_obj_get(map);
	value = 0;
	err = bpf_map_lookup_elem(fd, &key, &value);
	printf("by path: %d, %llu\n", err, (unsigned long long)value);
	close(fd);
	err = bpf_link__pin(skel->links.drain, link);
	printf("link: %d, %s\n", err, bpf_link__pin_path(skel->links.drain) ? "has a path" : "has no path");
	err = bpf_link__unpin(skel->links.drain);
	printf("unpinned: %d %d\n", err, bpf_map__unpin(skel->maps.table, map));
	fd = bpf_obj_get(map);
	printf("gone: %d %s\n", fd, strerror(errno));
	return err;
}

static int records(struct settings_bpf *skel)
{
	struct user_ring_buffer *ring = user_ring_buffer__new(bpf_map__fd(skel->maps.commands), NULL);

	if (!ring)
		return failed("open the ring", -errno);
	for (unsigned long i = 1; i <= 4; i++) {
		unsigned long *record = user_ring_buffer__reserve(ring, sizeof(*record));

		if (!record)
			return failed("reserve", -errno);
		*record = i * 1000;
		if (i == 3)
			user_ring_buffer__discard(ring, record);
		else
			user_ring_buffer__submit(ring, record);
	}
	printf("too long: %s\n", user_ring_buffer__reserve(ring, 1 << 20) ? "taken" : strerror(errno));
	user_ring_buffer__free(ring);
	return 0;
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : "";
	struct settings_bpf *skel, *second;
	int err, numbers[4] = { 9, 8, 7, 6 };
	__u32 key = 3;
	__u64 value = 0;
	const int *initial;
	size_t size;

	common_init();
	skel = settings_bpf__open();
	if (!skel)
		return failed("open", errno);
	err = bpf_map__set_max_entries(skel->maps.table, 64);
	err = err ?: bpf_map__set_type(skel->maps.table, BPF_MAP_TYPE_LRU_HASH);
	err = err ?: bpf_map__set_value_size(skel->maps.unused, 127 * sizeof(__u64));
	err = err ?: bpf_map__set_max_entries(skel->maps.unused, 32);
	err = err ?: bpf_map__set_autocreate(skel->maps.unused, false);
	err = err ?: bpf_map__set_initial_value(skel->maps.data, numbers, sizeof(numbers));
	initial = bpf_map__initial_value(skel->maps.data, &size);
	printf("%d, initial: %d of %zu bytes\n", err, *initial, size);
	skel->rodata->limit = 11;
	skel->data->sizes[3]++;
	describe(skel->maps.table);
	describe(skel->maps.unused);
	err = settings_bpf__load(skel);
	err = err ?: settings_bpf__attach(skel);
	if (err) {
		failed("load and attach", err);
		goto cleanup;
	}
	describe(skel->maps.table);
	printf("after load: %d %d, limit %llu, %d\n", bpf_map__set_max_entries(skel->maps.table, 1),
	       skel->data->sizes[3], skel->rodata->limit, bpf_map__fd(skel->maps.unused) < 0);
	/* Records are there before somebody makes the call that drains them. */
	err = records(skel);
	err = err ?: pins(skel, directory);
	second = settings_bpf__open();
	err = bpf_map__reuse_fd(second->maps.table, bpf_map__fd(skel->maps.table));
	bpf_map__set_autocreate(second->maps.unused, false);
	printf("used again: %d, %u entries\n", err, bpf_map__max_entries(second->maps.table));
	err = settings_bpf__load(second);
	printf("%d, %d, ", err, bpf_map_lookup_elem(bpf_map__fd(second->maps.table), &key, &value));
	printf("%llu\n", (unsigned long long)value);
	settings_bpf__destroy(second);
	ready();
	while (!ended)
		pause();
	printf("%s\n", skel->bss->drained == 7000 ? "drained" : "not drained");

cleanup:
	settings_bpf__destroy(skel);
	return err != 0;
}
