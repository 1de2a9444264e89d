/* Elements of an object's maps, with the sizes checked. */
#include <bpf/bpf.h>
#include "object-internal.h"

static bool per_cpu(const struct bpf_map *map)
{
	return map->info.type == BPF_MAP_TYPE_PERCPU_ARRAY || map->info.type == BPF_MAP_TYPE_PERCPU_HASH ||
	       map->info.type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       map->info.type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

/* BPF_F_CPU and BPF_F_ALL_CPUS, which older kernel headers have not got. */
#define ONE_CPU (1ull << 3)
#define ALL_CPUS (1ull << 4)

static int check_key(const struct bpf_map *map, size_t key_sz)
{
	if (!wb_map_created(map))
		return wb_fail(ENOENT);
	if (map->info.key_size != key_sz) {
		wb_warn("map '%s': unexpected key size %zu provided, expected %u\n", map->name, key_sz,
			map->info.key_size);
		return wb_fail(EINVAL);
	}
	if (wb_map_descriptor(map) < 0) {
		wb_warn("map '%s': can't use BPF map without FD (was it created?)\n", map->name);
		return wb_fail(EINVAL);
	}
	return 0;
}

static int check(const struct bpf_map *map, size_t key_sz, size_t value_sz, __u64 flags)
{
	size_t each = (map->info.value_size + 7u) & ~7u;
	int error = check_key(map, key_sz), cpus;

	if (error)
		return error;
	if (!per_cpu(map)) {
		if (map->info.value_size == value_sz)
			return 0;
		wb_warn("map '%s': unexpected value size %zu provided, expected %u\n", map->name, value_sz,
			map->info.value_size);
		return wb_fail(EINVAL);
	}
	if (flags & (ONE_CPU | ALL_CPUS)) {
		if ((flags & ONE_CPU) && (flags & ALL_CPUS))
			wb_warn("map '%s': BPF_F_CPU and BPF_F_ALL_CPUS are mutually exclusive\n", map->name);
		else if (map->info.value_size != value_sz)
			wb_warn("map '%s': unexpected value size %zu provided for either BPF_F_CPU or BPF_F_ALL_CPUS, expected %u\n",
				map->name, value_sz, map->info.value_size);
		else
			return 0;
		return wb_fail(EINVAL);
	}
	cpus = libbpf_num_possible_cpus();
	if (value_sz == cpus * each)
		return 0;
	wb_warn("map '%s': unexpected value size %zu provided for per-CPU map, expected %d * %zu = %zu\n", map->name,
		value_sz, cpus, each, cpus * each);
	return wb_fail(EINVAL);
}

int bpf_map__lookup_elem(const struct bpf_map *map, const void *key, size_t key_sz, void *value, size_t value_sz,
			 __u64 flags)
{
	return check(map, key_sz, value_sz, flags) ?:
	       wb_result(wb_map_lookup(map->fd, wb_address(key), wb_address(value), wb_low(flags), wb_high(flags)));
}

int bpf_map__update_elem(const struct bpf_map *map, const void *key, size_t key_sz, const void *value,
			 size_t value_sz, __u64 flags)
{
	return check(map, key_sz, value_sz, flags) ?:
	       wb_result(wb_map_update(map->fd, wb_address(key), wb_address(value), wb_low(flags), wb_high(flags)));
}

int bpf_map__delete_elem(const struct bpf_map *map, const void *key, size_t key_sz, __u64 flags)
{
	return check_key(map, key_sz) ?:
	       wb_result(wb_map_delete(map->fd, wb_address(key), wb_low(flags), wb_high(flags)));
}

int bpf_map__lookup_and_delete_elem(const struct bpf_map *map, const void *key, size_t key_sz, void *value,
				    size_t value_sz, __u64 flags)
{
	return check(map, key_sz, value_sz, flags) ?:
	       wb_result(wb_map_take(map->fd, wb_address(key), wb_address(value), wb_low(flags), wb_high(flags)));
}

int bpf_map__get_next_key(const struct bpf_map *map, const void *cur_key, void *next_key, size_t key_sz)
{
	return check_key(map, key_sz) ?:
	       wb_result(wb_map_next_key(map->fd, wb_address(cur_key), wb_address(next_key)));
}
