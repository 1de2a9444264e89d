/* Reads the record as guests of version 1 do, with the bindings that the build makes of the shared header. */
#include <stdlib.h>
#include "sample.wasm.h"
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
	struct bpf_buffer *samples;
	int error;

	if (!skel || argc < 2)
		return 1;
	skel->rodata->target = atoi(argv[1]);
	if (sample_bpf__load(skel) || sample_bpf__attach(skel))
		return 1;
	samples = bpf_buffer__open(skel->maps.samples, on_sample, NULL);
	if (!samples)
		return 1;
	puts("ready");
	fflush(stdout);
	error = bpf_buffer__poll(samples, 60000);
	bpf_buffer__free(samples);
	sample_bpf__destroy(skel);
	return error == 1 ? 0 : 1;
}
