/* Callbacks of the library that are left by longjmp(), after which it works as before. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "instructions.h"

static jmp_buf place;

/* Puts one 8-byte record with the number 7 into a ring buffer. */
static int producer(int map)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	struct bpf_insn insns[] = {
		STORE_IMM(BPF_DW, 10, -8, 7), MAP_FD(1, map), MOV_REG(2, 10), ADD_IMM(2, -8), MOV_IMM(3, 8), MOV_IMM(4, 0),
		CALL(BPF_FUNC_ringbuf_output), MOV_IMM(0, 0), EXIT(),
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "producer", "GPL", insns, sizeof(insns) / sizeof(*insns), &opts);
}

static void produce(int prog, int records)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	for (int i = 0; i < records; i++)
		if (bpf_prog_test_run_opts(prog, &opts))
			exit(2);
}

static struct ring_buffer *buffer, *other;
static int calls, leaves_at;

static int take(void *context, void *data, size_t size)
{
	calls++;
	printf("%s %llu\n", (char *)context, *(unsigned long long *)data);
	if (calls == leaves_at)
		longjmp(place, calls);
	return 0;
}

/* Reads another buffer, whose callback is left: this one's goes on. */
static int take_both(void *context, void *data, size_t size)
{

	calls++;
	printf("%s takes the other\n", (char *)context);
	if (setjmp(place) == 0)
		printf("took %d\n", ring_buffer__consume(other));
#ifdef __wasm__
	/* Where a native program would take its record again. */
	if (ring_buffer__consume(buffer) != -EBUSY)
		exit(3);
#endif
	return 0;
}

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	vprintf(format, arguments);
	longjmp(place, 3);
}

static __attribute__((noinline)) int deeper(void)
{
	char room[512];

	snprintf(room, sizeof(room), "%d", ring_buffer__consume(buffer));
	return atoi(room);
}

int main(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "first", 0, 0, 4096, NULL);
	int second = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "second", 0, 0, 4096, NULL);
	int prog = producer(map), prog2 = producer(second), value;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (map < 0 || second < 0 || prog < 0 || prog2 < 0)
		return 1;
	buffer = ring_buffer__new(map, take, "first", NULL);
	produce(prog, 3);
	leaves_at = 2;
	value = setjmp(place);
	if (value == 0)
		ring_buffer__poll(buffer, 100);
	printf("left with %d\n", value);
	leaves_at = 0;
	printf("again: %d\n", deeper());
	produce(prog, 2);
	printf("more: %d\n", ring_buffer__poll(buffer, 100));
	ring_buffer__free(buffer);

	buffer = ring_buffer__new(map, take_both, "outer", NULL);
	other = ring_buffer__new(second, take, "inner", NULL);
	produce(prog, 2);
	produce(prog2, 2);
	calls = 0;
	leaves_at = 2;
	printf("both: %d\n", ring_buffer__consume(buffer));

	libbpf_set_print(print);
	value = setjmp(place);
	if (value == 0)
		bpf_object__open_file("/there/is/no/such/object", NULL);
	printf("print left with %d\n", value);
	return 0;
}
