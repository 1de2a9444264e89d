/*
 * Ring buffers, perf buffers and user ring buffers: what callbacks get is printed, the same natively and in a guest.
 * Has to run on CPU 0 only.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "answers.h"
#include "instructions.h"

/* What the programs below take: which record, and of which size. */
struct request {
	__u32 number;
	__u32 size;
};

static char padding[64]; /* network programs are run with a packet */

/* Runs a program whose record begins with the packet's first bytes. */
static int run(int prog, __u32 number)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .data_out = padding,
		    .data_size_out = sizeof(padding));

	memcpy(packet, &number, sizeof(number));
	return bpf_prog_test_run_opts(prog, &opts) ? -errno : (int)opts.retval;
}

static int load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t count)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int prog = bpf_prog_load(type, "producer", "GPL", insns, count, &opts);

	if (prog < 0) {
		perror("bpf_prog_load");
		exit(1);
	}
	return prog;
}

/* Puts the packet's first word and `size - 4` bytes of zero into a ring buffer; discards it when the word is odd and asked to. */
static int ring_program(int map, int size, int discard_odd)
{
	struct bpf_insn insns[] = {
		MOV_REG(6, 1), LOAD(BPF_W, 7, 1, 0) /* data */, LOAD(BPF_W, 8, 1, 4) /* data_end */,
		MOV_REG(2, 7), ADD_IMM(2, 4), INSN(BPF_JMP | BPF_JGT | BPF_X, 2, 8, 15, 0),
		LOAD(BPF_W, 9, 7, 0),
		MAP_FD(1, map), MOV_IMM(2, size), MOV_IMM(3, 0), CALL(BPF_FUNC_ringbuf_reserve),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 8, 0),
		STORE_REG(BPF_W, 0, 9, 0), MOV_REG(1, 0), MOV_IMM(2, 0),
		INSN(BPF_ALU64 | BPF_AND | BPF_K, 9, 0, 0, discard_odd),
		INSN(BPF_JMP | BPF_JNE | BPF_K, 9, 0, 2, 0),
		CALL(BPF_FUNC_ringbuf_submit), INSN(BPF_JMP | BPF_JA, 0, 0, 1, 0),
		CALL(BPF_FUNC_ringbuf_discard),
		MOV_IMM(0, 0), EXIT(),
	};

	return load(BPF_PROG_TYPE_XDP, insns, sizeof(insns) / sizeof(*insns));
}

struct counts {
	int calls;
	unsigned long bytes, sum;
	int stop_at; /* call at which the callback returns -77 */
};

static int take(void *context, void *data, size_t size)
{
	struct counts *counts = context;

	counts->calls++;
	counts->bytes += size;
	counts->sum = 31 * counts->sum + *(__u32 *)data;
	if ((unsigned long)data % 8)
		printf("not aligned\n");
	return counts->calls == counts->stop_at ? -77 : 0;
}

static void print_counts(const struct counts *counts)
{
	printf("%d calls, %lu bytes, %lx\n", counts->calls, counts->bytes, counts->sum);
}

static int ring_map(__u32 bytes)
{
	int map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, bytes, NULL);

	if (map < 0)
		perror("bpf_map_create");
	return map;
}

static void rings(void)
{
	int first = ring_map(1 << 16), second = ring_map(1 << 12);
	int programs[] = { ring_program(first, 24, 0), ring_program(second, 52, 1), ring_program(first, 9000, 0) };
	struct counts one = { 0 }, two = { 0 };
	struct ring_buffer *rb = pointer(ring_buffer__new(first, take, &one, NULL));
	struct pollfd waiting = { .fd = ring_buffer__epoll_fd(rb), .events = POLLIN };
	unsigned int full = 0;

	show(ring_buffer__add(rb, second, take, &two));
	show(ring_buffer__add(rb, second, take, &two));
	show(ring_buffer__epoll_fd(rb) >= 0);
	show(ring_buffer__poll(rb, 0));
	show(ring_buffer__poll(rb, 5));
	show(ring_buffer__consume(rb));
	show(poll(&waiting, 1, 0));
	for (__u32 i = 0; i < 10; i++)
		run(programs[0], i);
	for (__u32 i = 0; i < 10; i++)
		run(programs[1], i);
	show(poll(&waiting, 1, 1000));
	show(ring_buffer__poll(rb, -1));
	print_counts(&one);
	print_counts(&two);
	show(poll(&waiting, 1, 0));
	/* Around the end of the ring, many times. */
	for (__u32 i = 0; i < 5000; i++) {
		run(programs[i % 2], i);
		if (i % 60 == 59)
			show(ring_buffer__consume(rb) > 50);
	}
	show(ring_buffer__consume(rb) > 0);
	print_counts(&one);
	print_counts(&two);
	/* A record that is larger than most. */
	for (__u32 i = 0; i < 6; i++)
		run(programs[2], i);
	show(ring_buffer__poll(rb, 1000));
	print_counts(&one);
	/* A full ring: what does not fit is not there. */
	for (__u32 i = 0; i < 200; i++)
		run(programs[1], 2 * i);
	full = two.calls;
	show(ring_buffer__poll(rb, 1000));
	show(two.calls - full);
	/* A callback that ends the poll: what is left comes the next time. */
	for (__u32 i = 0; i < 20; i++)
		run(programs[0], 100 + i);
	one = (struct counts){ .stop_at = 7 };
	outcome(ring_buffer__poll(rb, 1000));
	print_counts(&one);
	show(ring_buffer__consume(rb));
	print_counts(&one);
	show(ring_buffer__consume(rb));
	ring_buffer__free(rb);
	ring_buffer__free(NULL);
	pointer(ring_buffer__new(-1, take, &one, NULL));
	/* A new consumer goes on where the last one was. */
	run(programs[0], 1);
	one = (struct counts){ 0 };
	rb = ring_buffer__new(first, take, &one, NULL);
	show(ring_buffer__consume(rb));
	ring_buffer__free(rb);
	for (int i = 0; i < 3; i++)
		close(programs[i]);
	close(first), close(second);
}

static volatile int caught;

static void handler(int number)
{
	caught += number;
}

static void interruptions(void)
{
	int map = ring_map(1 << 12);
	struct counts counts = { 0 };
	struct ring_buffer *rb = ring_buffer__new(map, take, &counts, NULL);

	signal(SIGALRM, handler);
	alarm(1);
	outcome(ring_buffer__poll(rb, 30000));
	show(caught == SIGALRM);
	show(ring_buffer__poll(rb, 1));
	ring_buffer__free(rb);
	close(map);
}

/* Puts the packet's first word and zeros into a perf event array. */
static int perf_program(int map, int size)
{
	struct bpf_insn insns[64], *at = insns;
	struct bpf_insn begin[] = {
		MOV_REG(6, 1), LOAD(BPF_W, 7, 1, 0), LOAD(BPF_W, 8, 1, 4),
		MOV_REG(2, 7), ADD_IMM(2, 4), INSN(BPF_JMP | BPF_JGT | BPF_X, 2, 8, size / 8 + 12, 0),
		LOAD(BPF_W, 9, 7, 0),
	};
	struct bpf_insn end[] = {
		STORE_REG(BPF_W, 10, 9, -size), MOV_REG(1, 6), MAP_FD(2, map), IMM64(3, -1, 0),
		MOV_REG(4, 10), ADD_IMM(4, -size), MOV_IMM(5, size), CALL(BPF_FUNC_perf_event_output),
		EXIT(), MOV_IMM(0, 0), EXIT(),
	};

	memcpy(at, begin, sizeof(begin));
	at += sizeof(begin) / sizeof(*begin);
	for (int i = 8; i <= size; i += 8)
		*at++ = STORE_IMM(BPF_DW, 10, -i, 0);
	memcpy(at, end, sizeof(end));
	at += sizeof(end) / sizeof(*end);
	return load(BPF_PROG_TYPE_XDP, insns, at - insns);
}

static void sample(void *context, int cpu, void *data, __u32 size)
{
	struct counts *counts = context;

	counts->calls++;
	counts->bytes += size;
	counts->sum = 31 * counts->sum + *(__u32 *)data;
	if (cpu)
		printf("CPU %d\n", cpu);
}

static __u64 lost;

static void lose(void *context, int cpu, __u64 count)
{
	(void)context, (void)cpu;
	lost += count;
}

static enum bpf_perf_event_ret event(void *context, int cpu, struct perf_event_header *header)
{
	struct counts *counts = context;

	(void)cpu;
	counts->calls++;
	counts->bytes += header->size;
	counts->sum += header->type;
	if (counts->calls == counts->stop_at)
		return LIBBPF_PERF_EVENT_ERROR;
	return counts->calls == 3 ? LIBBPF_PERF_EVENT_DONE : LIBBPF_PERF_EVENT_CONT;
}

static void perf(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "events", 4, 4, libbpf_num_possible_cpus(), NULL);
	int prog = perf_program(map, 40), keys[] = { 0 }, cpus[] = { 0 };
	struct counts counts = { 0 };
	struct perf_buffer *pb = pointer(perf_buffer__new(map, 2, sample, lose, &counts, NULL));
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.wakeup_events = 1,
	};
	LIBBPF_OPTS(perf_buffer_raw_opts, raw, .cpu_cnt = 1, .cpus = cpus, .map_keys = keys);
	int sent = 0, before;

	show(perf_buffer__buffer_cnt(pb) > 0);
	show(perf_buffer__poll(pb, 0));
	show(perf_buffer__poll(pb, 5));
	show(perf_buffer__consume(pb));
	for (__u32 i = 0; i < 10; i++)
		sent += run(prog, i) == 0;
	show(sent);
	show(perf_buffer__poll(pb, 1000) >= 1);
	printf("%d calls, %lu bytes\n", counts.calls, counts.bytes);
	show(perf_buffer__poll(pb, 0));
	/* The ring of one CPU, which a program waits for by itself. */
	struct pollfd own = { .fd = perf_buffer__buffer_fd(pb, 0), .events = POLLIN };
	show(own.fd >= 0);
	show(own.fd == perf_buffer__buffer_fd(pb, 0));
	show(own.fd == perf_buffer__epoll_fd(pb));
	show(poll(&own, 1, 0));
	run(prog, 11);
	show(poll(&own, 1, 1000));
	show(own.revents);
	show(perf_buffer__consume_buffer(pb, 0));
	printf("%d calls, %lu bytes\n", counts.calls, counts.bytes);
	show(poll(&own, 1, 0));
	own.fd = perf_buffer__epoll_fd(pb);
	run(prog, 12);
	show(poll(&own, 1, 1000));
	show(perf_buffer__consume(pb));
	show(poll(&own, 1, 0));
	/* Around the end of the ring, many times. */
	for (__u32 i = 0; i < 3000; i++) {
		run(prog, i);
		if (i % 50 == 49)
			perf_buffer__consume(pb);
	}
	show(perf_buffer__consume(pb));
	printf("%d calls, %lu bytes\n", counts.calls, counts.bytes);
	show(lost);
	/* More than fits: the kernel says how many were lost when there is room again. */
	before = counts.calls;
	for (__u32 i = 0; i < 1000; i++)
		run(prog, i);
	show(perf_buffer__poll(pb, 1000) >= 1);
	show(counts.calls - before < 1000);
	show(lost == 0);
	run(prog, 0);
	perf_buffer__consume(pb);
	show(counts.calls - before);
	show(lost);
	show(counts.calls - before + (int)lost);
	show(perf_buffer__consume_buffer(pb, 0));
	outcome(perf_buffer__consume_buffer(pb, 10000));
	outcome(perf_buffer__buffer_fd(pb, 10000));
	show(perf_buffer__epoll_fd(pb) >= 0);
	perf_buffer__free(pb);
	perf_buffer__free(NULL);
	show(run(prog, 1) != 0);
	pointer(perf_buffer__new(map, 3, sample, lose, &counts, NULL));
	pointer(perf_buffer__new(map, 0, sample, lose, &counts, NULL));
	pointer(perf_buffer__new(-1, 8, sample, lose, &counts, NULL));
	/* Records as the kernel has them, of one CPU. */
	counts = (struct counts){ 0 };
	pb = pointer(perf_buffer__new_raw(map, 8, &attr, event, &counts, &raw));
	show(perf_buffer__buffer_cnt(pb));
	show(perf_buffer__buffer_fd(pb, 0) >= 0);
	sent = 0;
	for (__u32 i = 0; i < 8; i++)
		sent += run(prog, i) == 0;
	show(sent);
	show(perf_buffer__poll(pb, 1000));
	print_counts(&counts);
	/* NB: the kernel wakes up for new records only, so that what was left has to be asked for. */
	counts.stop_at = 6;
	show(perf_buffer__consume(pb));
	print_counts(&counts);
	show(perf_buffer__consume(pb));
	print_counts(&counts);
	perf_buffer__free(pb);
	close(prog), close(map);
}

/* A program that drains a user ring buffer: its callback adds up first words of records in an array. */
static int drain_program(int ring, int array)
{
	struct bpf_insn insns[] = {
		MAP_FD(1, ring), FUNCTION(2, 5), MOV_IMM(3, 0), MOV_IMM(4, 0), CALL(BPF_FUNC_user_ringbuf_drain), EXIT(),
		/* static long callback(struct bpf_dynptr *record, void *context) */
		MOV_REG(6, 1),
		STORE_IMM(BPF_DW, 10, -8, 0), MOV_REG(1, 10), ADD_IMM(1, -8), MOV_IMM(2, 8), MOV_REG(3, 6), MOV_IMM(4, 0),
		MOV_IMM(5, 0), CALL(BPF_FUNC_dynptr_read),
		STORE_IMM(BPF_W, 10, -16, 0), MOV_REG(2, 10), ADD_IMM(2, -16), MAP_FD(1, array),
		CALL(BPF_FUNC_map_lookup_elem), INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4, 0),
		LOAD(BPF_DW, 1, 10, -8), LOAD(BPF_DW, 2, 0, 0), INSN(BPF_ALU64 | BPF_ADD | BPF_X, 2, 1, 0, 0),
		STORE_REG(BPF_DW, 0, 2, 0),
		MOV_IMM(0, 0), EXIT(),
	};
	struct bpf_func_info functions[2] = { { 0 } };
	struct btf *btf = btf__new_empty();
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .func_info = functions, .func_info_cnt = 2,
		    .func_info_rec_size = sizeof(*functions));
	static char log[65536];
	int proto, prog;

	btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	btf__add_ptr(btf, 0);
	proto = btf__add_func_proto(btf, 1);
	btf__add_func_param(btf, "context", 2);
	functions[0].type_id = btf__add_func(btf, "drain", BTF_FUNC_GLOBAL, proto);
	proto = btf__add_func_proto(btf, 1);
	btf__add_func_param(btf, "record", 2);
	btf__add_func_param(btf, "context", 2);
	functions[1].type_id = btf__add_func(btf, "callback", BTF_FUNC_STATIC, proto);
	functions[1].insn_off = 8;
	if (btf__load_into_kernel(btf))
		perror("btf__load_into_kernel");
	opts.prog_btf_fd = btf__fd(btf);
	opts.log_buf = log;
	opts.log_size = sizeof(log);
	prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "drain", "GPL", insns, sizeof(insns) / sizeof(*insns), &opts);
	if (prog < 0)
		printf("%s\n%s\n", strerror(errno), log);
	btf__free(btf);
	return prog;
}

static void user_rings(void)
{
	int ring = bpf_map_create(BPF_MAP_TYPE_USER_RINGBUF, "orders", 0, 0, 4096, NULL);
	int array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sum", 4, 8, 1, NULL);
	int prog = drain_program(ring, array);
	struct user_ring_buffer *rb = pointer(user_ring_buffer__new(ring, NULL));
	__u64 *records[3], sum;
	__u32 key = 0;
	int count = 0;

	for (int i = 0; i < 3; i++) {
		records[i] = pointer(user_ring_buffer__reserve(rb, 24));
		memset(records[i], 0, 24);
		*records[i] = 1ULL << (16 * i);
	}
	user_ring_buffer__submit(rb, records[0]);
	user_ring_buffer__discard(rb, records[1]);
	user_ring_buffer__submit(rb, records[2]);
	show(run(prog, 0));
	bpf_map_lookup_elem(array, &key, &sum);
	printf("%llx\n", (unsigned long long)sum);
	/* Full, and emptied by the program. */
	for (__u64 *record; (record = user_ring_buffer__reserve(rb, 56)); count++) {
		memset(record, 0, 56);
		*record = 1;
		user_ring_buffer__submit(rb, record);
	}
	show(errno == ENOSPC);
	show(count);
	errno = 0;
	show(user_ring_buffer__reserve_blocking(rb, 56, 20) == NULL);
	show(errno == ENOSPC);
	show(run(prog, 0));
	bpf_map_lookup_elem(array, &key, &sum);
	printf("%llx\n", (unsigned long long)sum);
	records[0] = pointer(user_ring_buffer__reserve_blocking(rb, 8, -1));
	user_ring_buffer__discard(rb, records[0]);
	pointer(user_ring_buffer__reserve(rb, 1 << 20));
	pointer(user_ring_buffer__reserve(rb, 1u << 31));
	pointer(user_ring_buffer__reserve_blocking(rb, 8, -5));
	user_ring_buffer__free(rb);
	user_ring_buffer__free(NULL);
	pointer(user_ring_buffer__new(array, NULL));
	pointer(user_ring_buffer__new(-1, NULL));
	close(prog), close(ring), close(array);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(quiet);
	rings();
	interruptions();
	perf();
	user_rings();
	return 0;
}
