/*
 * struct_ops maps by a skeleton as newer versions of bpftool write it: maps have
 * links, and structs whose function pointers are programs. Argument: the object.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "answers.h"

/* What such a header declares for each struct. */
struct congestion_shadow {
	struct bpf_program *ssthresh;
	struct bpf_program *cong_avoid;
	struct bpf_program *undo_cwnd;
	struct bpf_program *init;
	unsigned int flags;
	char name[16];
};

enum { FIRST, SECOND, UNLINKED, BSS, MAPS };
static struct bpf_map *maps[MAPS];
static struct bpf_link *map_links[MAPS];
static struct bpf_program *progs[5];
static struct bpf_link *prog_links[5];
static struct bpf_object *object;
static long *bss;

static struct bpf_object_skeleton *skeleton(const char *path, size_t map_size)
{
	static const char *const map_names[] = { "first", "second", "unlinked", ".bss" };
	static const char *const prog_names[] = { "ssthresh", "cong_avoid", "undo_cwnd", "init", "other_init" };
	struct bpf_object_skeleton *s = calloc(1, sizeof(*s));
	FILE *file = fopen(path, "rb");
	char *bytes = malloc(1 << 20);

	s->sz = sizeof(*s);
	s->name = "struct_ops";
	s->obj = &object;
	s->data_sz = fread(bytes, 1, 1 << 20, file);
	s->data = bytes;
	fclose(file);
	s->map_cnt = MAPS;
	s->map_skel_sz = map_size;
	s->maps = calloc(MAPS, map_size);
	for (int i = 0; i < MAPS; i++) {
		struct bpf_map_skeleton *map = (void *)((char *)s->maps + i * map_size);

		map->name = map_names[i];
		map->map = &maps[i];
		if (i == BSS)
			map->mmaped = (void **)&bss;
		else if (map_size >= sizeof(*map))
			map->link = &map_links[i];
	}
	s->prog_cnt = 5;
	s->prog_skel_sz = sizeof(struct bpf_prog_skeleton);
	s->progs = calloc(5, sizeof(*s->progs));
	for (int i = 0; i < 5; i++)
		s->progs[i] = (struct bpf_prog_skeleton){ prog_names[i], &progs[i], &prog_links[i] };
	return s;
}

static void available(const char *name)
{
	char line[512] = "";
	FILE *file = fopen("/proc/sys/net/ipv4/tcp_available_congestion_control", "r");

	if (!file || !fgets(line, sizeof(line), file))
		printf("cannot read\n");
	fclose(file);
	printf("%s available: %d\n", name, strstr(line, name) != NULL);
}

/* An older header: links are the program's to make. */
static void older(const char *path)
{
	struct bpf_object_skeleton *s = skeleton(path, offsetof(struct bpf_map_skeleton, link));
	struct bpf_link *link;

	show(bpf_object__open_skeleton(s, NULL));
	show(bpf_object__load_skeleton(s));
	show(bpf_object__attach_skeleton(s));
	available("sdk_first");
	link = bpf_map__attach_struct_ops(maps[FIRST]);
	available("sdk_first");
	show(bpf_link__destroy(link));
	available("sdk_first");
	bpf_object__destroy_skeleton(s);
}

int main(int count, char **arguments)
{
	struct bpf_object_skeleton *s;
	struct congestion_shadow *first;
	size_t size = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count < 2)
		return 1;
	s = skeleton(arguments[1], sizeof(struct bpf_map_skeleton));
	show(bpf_object__open_skeleton(s, NULL));
	first = bpf_map__initial_value(maps[FIRST], &size);
	show(size >= sizeof(*first));
	show(first->ssthresh == progs[0] && first->init == progs[3]);
	show(((struct congestion_shadow *)bpf_map__initial_value(maps[SECOND], NULL))->init == progs[4]);
	show(bpf_map__autoattach(maps[FIRST]) && !bpf_map__is_internal(maps[FIRST]));
	fails(bpf_map__set_autoattach(maps[BSS], false));
	show(bpf_map__set_autoattach(maps[SECOND], false));
	fails(bpf_map__set_initial_value(maps[FIRST], first, size));
	fails(bpf_map__attach_struct_ops(maps[BSS]));
	fails(bpf_map__attach_struct_ops(maps[FIRST]));
	first->init = progs[4];
	strcpy(first->name, "sdk_guest");
	strcpy(((struct congestion_shadow *)bpf_map__initial_value(maps[SECOND], NULL))->name, "sdk_guest");
	if (bpf_object__load_skeleton(s))
		return 1;
	available("sdk_guest");
	show(bpf_object__attach_skeleton(s));
	show(map_links[FIRST] != NULL && map_links[UNLINKED] != NULL);
	show(map_links[SECOND] != NULL);
	available("sdk_guest");
	available("sdk_unlinked");
	show(bpf_link__update_map(map_links[FIRST], maps[SECOND]));
	fails(bpf_link__update_map(map_links[FIRST], maps[BSS]));
	fails(bpf_link__update_map(map_links[UNLINKED], maps[FIRST]));
	show(*bss);
	bpf_object__detach_skeleton(s);
	available("sdk_guest");
	available("sdk_unlinked");
	bpf_object__destroy_skeleton(s);
	older(arguments[1]);
	return 0;
}
