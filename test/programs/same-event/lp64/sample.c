/* Reads the record as libbpf programs do, with the header that both halves share. */
#include <stdlib.h>
#include <bpf/libbpf.h>
#include "sample.h"
#include "print-sample.h"
#include "sample.skel.h"

static int on_sample(void *ctx, void *data, size_t size)
{
	(void)ctx;
	print_sample(data, size);
	return 0;
}

int main(int argc, char **argv)
{
	struct sample_bpf *skel = sample_bpf__open();
	struct ring_buffer *samples;
	int error;

	if (!skel || argc < 2)
		return 1;
	skel->rodata->target = atoi(argv[1]);
	if (sample_bpf__load(skel) || sample_bpf__attach(skel))
		return 1;
	samples = ring_buffer__new(bpf_map__fd(skel->maps.samples), on_sample, NULL, NULL);
	if (!samples)
		return 1;
	puts("ready");
	fflush(stdout);
	error = ring_buffer__poll(samples, 60000);
	ring_buffer__free(samples);
	sample_bpf__destroy(skel);
	return error == 1 ? 0 : 1;
}
