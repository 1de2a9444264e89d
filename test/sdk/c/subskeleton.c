/* A library finds its variables and maps in the program's object. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include "app.skel.h"
#include "lib.subskel.h"

int main(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct app *app = app__open();
	struct lib *lib = lib__open(app->obj);
	unsigned char packet[64] = {};

	printf("opened: %d\n", lib != NULL);
	if (!lib)
		return 1;
	printf("before: %d %d\n", *lib->rodata.lib_option, *lib->data_lib.lib_extra);
	*lib->rodata.lib_option = 3;
	*lib->bss.lib_counter = 100;
	printf("same map: %d, load: %d\n", lib->maps.lib_map == app->maps.lib_map, app__load(app));
	opts.data_in = packet;
	opts.data_size_in = sizeof(packet);
	printf("run: %d\n", bpf_prog_test_run_opts(bpf_program__fd(app->progs.use), &opts));
	printf("after: %u, %d %d %d\n", opts.retval, *lib->bss.lib_counter, app->bss->app_counter,
	       *lib->data_lib.lib_extra);
	lib__destroy(lib);
	app__destroy(app);
	return 0;
}
