/* What a child of fork() does to maps and buffers: kernel memory is shared, all else stays the parent's. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "instructions.h"

static int producer(int map)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	struct bpf_insn insns[] = {
		STORE_IMM(BPF_DW, 10, -8, 7), MAP_FD(1, map), MOV_REG(2, 10), ADD_IMM(2, -8), MOV_IMM(3, 8), MOV_IMM(4, 0),
		CALL(BPF_FUNC_ringbuf_output), MOV_IMM(0, 0), EXIT(),
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "producer", "GPL", insns, sizeof(insns) / sizeof(*insns), &opts);
}

static int take(void *context, void *data, size_t size)
{
	printf("%s %llu\n", (char *)context, *(unsigned long long *)data);
	return 0;
}

int main(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 8, 512, &opts);
	int ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, 4096, NULL), prog = producer(ring);
	volatile long *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, array, 0);
	struct ring_buffer *buffer = ring_buffer__new(ring, take, "record", NULL);
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	static long own = 1;
	__u32 key = 5;
	long value = 0;
	pid_t process;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (array < 0 || prog < 0 || shared == MAP_FAILED || !buffer)
		return 1;
	shared[5] = 11;
	process = fork();
	if (process == 0) {
		shared[5] += 11;
		own = 2;
		bpf_prog_test_run_opts(prog, &run);
		munmap((void *)shared, 4096);
		close(array);
		close(prog);
		ring_buffer__free(buffer);
		_exit(own);
	}
	waitpid(process, &status, 0);
	printf("status %d, shared %ld, own %ld\n", WEXITSTATUS(status), shared[5], own);
	shared[5]++;
	printf("lookup %d", bpf_map_lookup_elem(array, &key, &value));
	printf(": %ld\n", value);
	printf("records %d\n", ring_buffer__poll(buffer, 100));
	printf("run %d\n", bpf_prog_test_run_opts(prog, &run));
	printf("records %d\n", ring_buffer__poll(buffer, 100));
	return 0;
}
