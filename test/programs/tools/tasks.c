/* Iterators: a process and the elements of a map, read as files. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "common.h"
#include "tasks.h"
#include "tasks.skel.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Shows the elements of the map, and returns the iterator, which is at its end. */
static int list_numbers(struct tasks_bpf *skel)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	union bpf_iter_link_info info = {};
	char text[256] = "", *lines[16];
	int iterator, count = 0;
	ssize_t size;

	for (__u32 key = 1; key <= 3; key++) {
		__u64 value = key * 100;

		bpf_map_update_elem(bpf_map__fd(skel->maps.numbers), &key, &value, BPF_ANY);
	}
	info.map.map_fd = bpf_map__fd(skel->maps.numbers);
	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	skel->links.list_numbers = bpf_program__attach_iter(skel->progs.list_numbers, &opts);
	if (!skel->links.list_numbers) {
		failed("attach to the map", -errno);
		return -1;
	}
	iterator = bpf_iter_create(bpf_link__fd(skel->links.list_numbers));
	size = read(iterator, text, sizeof(text) - 1);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		lines[count++] = line;
	qsort(lines, count, sizeof(*lines), by_text);
	printf("%d bytes:", (int)size);
	for (int i = 0; i < count; i++)
		printf(" %s", lines[i]);
	printf("\n");
	return iterator;
}

int main(int argc, char **argv)
{
	struct task_record record;
	struct tasks_bpf *skel;
	int err, iterator, tasks = 0;
	bool numbers = argc > 2;
	ssize_t size;

	common_init();
	skel = tasks_bpf__open();
	if (!skel)
		return failed("open", errno);
	skel->rodata->only_pid = argc > 1 ? atoi(argv[1]) : 0;
	/* Not every kernel lets one iterate over a map. */
	bpf_program__set_autoload(skel->progs.list_numbers, numbers);
	err = tasks_bpf__load(skel);
	/* Of an iterator over a map's elements, the map is to be told. */
	bpf_program__set_autoattach(skel->progs.list_numbers, false);
	err = err ?: tasks_bpf__attach(skel);
	if (err) {
		failed("load and attach", err);
		goto cleanup;
	}
	iterator = bpf_iter_create(bpf_link__fd(skel->links.list_tasks));
	if (iterator < 0) {
		err = failed("make the iterator", iterator);
		goto cleanup;
	}
	while ((size = read(iterator, &record, sizeof(record))) > 0) {
		printf("%zd: %d %d %s\n", size, record.pid, record.parent, record.comm);
		tasks++;
	}
	printf("%zd, %d task\n", size, tasks);
	if (numbers) {
		close(iterator);
		iterator = list_numbers(skel);
		if (iterator < 0) {
			err = 1;
			goto cleanup;
		}
	}
	ready();
	while (!ended)
		pause();
	size = read(iterator, &record, 1);
	printf("closed: %zd %s\n", size, strerror(errno));

cleanup:
	tasks_bpf__destroy(skel);
	return err != 0;
}
