/* Maps that are mapped by the program itself, and other uses of mmap(). */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "mmap.skel.h"

static void run(int fd)
{
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	bpf_prog_test_run_opts(fd, &opts);
}

static void refused(const char *what, void *result)
{
	printf("%s: %s\n", what, result == MAP_FAILED ? strerror(errno) : "mapped");
}

int main(int argc, char **argv)
{
	struct mmap *skel = mmap__open_and_load();
	int table = bpf_map__fd(skel->maps.table), hash = bpf_map__fd(skel->maps.hash);
	int program = bpf_program__fd(skel->progs.count), file;
	unsigned long long *values, *second, value = 0;
	__u32 key = 1000;
	char *text;

	values = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, table, 0);
	second = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, table, 4096);
	run(program);
	printf("%llu %llu\n", values[1000], second[1000 - 512]);
	values[1000] = 40;
	run(program);
	bpf_map_lookup_elem(table, &key, &value);
	printf("%llu %llu\n", value, second[1000 - 512]);
	printf("munmap: %d\n", munmap(values, 8192));
	run(program);
	printf("%llu\n", second[1000 - 512]);
	mmap__destroy(skel);
	printf("after the map: %llu\n", second[1000 - 512]);
	printf("munmap: %d\n", munmap(second, 4096));

	skel = mmap__open_and_load();
	table = bpf_map__fd(skel->maps.table);
	hash = bpf_map__fd(skel->maps.hash);
	refused("hash", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, hash, 0));
	refused("past the end", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, table, 1 << 20));
	refused("no size", mmap(NULL, 0, PROT_READ | PROT_WRITE, MAP_SHARED, table, 0));
	refused("half a page", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, table, 100));
	refused("neither shared nor private", mmap(NULL, 4096, PROT_READ, 0, table, 0));

	text = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("anonymous: %d %d\n", text[0], text[99999]);
	memset(text, 1, 100000);
	printf("munmap: %d\n", munmap(text, 100000));
	file = open(argv[1], O_RDONLY);
	text = mmap(NULL, 10, PROT_READ, MAP_PRIVATE, file, 0);
	printf("file: %.8s\n", text);
	printf("munmap: %d\n", munmap(text, 10));
	text = mmap(NULL, 10, PROT_READ, MAP_SHARED, file, 0);
	printf("shared: %.8s\n", text == MAP_FAILED ? strerror(errno) : text);
	printf("munmap: %d\n", munmap(text, 10));
	refused("nothing", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(skel->maps.table) + 100, 0));
	refused("a program", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_program__fd(skel->progs.count), 0));
	mmap__destroy(skel);
	return 0;
}
