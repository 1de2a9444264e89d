/* Attaches to the program its argument names, waits for a line on standard input, and tells what was hit. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "answers.h"
#include "probes.skel.h"

#define check(link) \
	do { \
		struct bpf_link *made = (link); \
		printf("%s: %s\n", #link, made ? "attached" : strerror(errno)); \
	} while (0)
#define refused(expression) \
	do { \
		struct bpf_link *made = (expression); \
		printf("%s: %d %s\n", #expression, made != NULL, strerror(errno)); \
	} while (0)

static void attach_probes(struct probes *skel, const char *path)
{
	LIBBPF_OPTS(bpf_uprobe_opts, by_name, .func_name = "target_function", .bpf_cookie = 1000);
	LIBBPF_OPTS(bpf_uprobe_opts, of_return, .func_name = "target_function", .retprobe = true);
	LIBBPF_OPTS(bpf_uprobe_opts, unknown, .func_name = "no_such_function");
	LIBBPF_OPTS(bpf_usdt_opts, with_cookie, .usdt_cookie = 10000);
	struct bpf_uprobe_opts small = { .sz = 1 };
	struct {
		struct bpf_uprobe_opts known;
		long long beyond[8];
	} newer = { .known = by_name, .beyond[7] = 1 };

	newer.known.sz = sizeof(newer);
	check(skel->links.on_entry = bpf_program__attach_uprobe_opts(skel->progs.on_entry, -1, path, 0, &by_name));
	check(skel->links.on_return = bpf_program__attach_uprobe_opts(skel->progs.on_return, -1, path, 0, &of_return));
	check(skel->links.on_usdt =
		      bpf_program__attach_usdt(skel->progs.on_usdt, -1, path, "sdktest", "called", &with_cookie));
	refused(bpf_program__attach_uprobe_opts(skel->progs.on_entry, -1, path, 0, &unknown));
	refused(bpf_program__attach_uprobe_opts(skel->progs.on_entry, -1, "/nonexistent", 0, &by_name));
	refused(bpf_program__attach_uprobe_opts(skel->progs.on_entry, -1, path, 0, &small));
	refused(bpf_program__attach_uprobe_opts(skel->progs.on_entry, -1, path, 0, &newer.known));
	refused(bpf_program__attach_usdt(skel->progs.on_usdt, -1, path, "sdktest", "no_such_probe", NULL));
	refused(bpf_program__attach(skel->progs.on_entry));
	refused(bpf_program__attach_perf_event(skel->progs.on_sample, -1));
	refused(bpf_program__attach_freplace(skel->progs.on_entry, 0, NULL));
}

static void sample(struct probes *skel)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.freq = 1,
		.sample_freq = 1000,
	};
	long fd = syscall(__NR_perf_event_open, &attr, -1, 0, -1, 0);

	printf("event: %d\n", fd >= 0);
	check(skel->links.on_sample = bpf_program__attach_perf_event(skel->progs.on_sample, fd));
	for (int i = 0; i < 300 && !skel->bss->samples; i++)
		usleep(100000);
	printf("sampled: %d\n", skel->bss->samples > 0);
	printf("destroyed: %d\n", bpf_link__destroy(skel->links.on_sample));
	skel->links.on_sample = NULL;
	printf("closed: %d\n", close(fd));
}

static void iterate(struct probes *skel)
{
	char text[64] = "";
	int fd, size;

	check(skel->links.on_task = bpf_program__attach_iter(skel->progs.on_task, NULL));
	fd = bpf_iter_create(bpf_link__fd(skel->links.on_task));
	size = read(fd, text, sizeof(text) - 1);
	printf("iterator: %d %d %s", fd >= 0, size, text);
	printf("end: %d\n", (int)read(fd, text, sizeof(text)));
	close(fd);
}

int main(int count, char **arguments)
{
	struct probes *skel = count > 1 ? probes__open_and_load() : NULL;
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!skel)
		return 1;
	libbpf_set_print(quiet);
	attach_probes(skel, arguments[1]);
	iterate(skel);
	sample(skel);
	printf("skeleton: %d\n", probes__attach(skel));
	printf("ready\n");
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	printf("entries %d, returns %d, argument %d, cookies %lld\n", skel->bss->entries, skel->bss->returns,
	       skel->bss->last_argument, skel->bss->cookies);
	printf("usdt %d, sum %lld\n", skel->bss->usdt_hits, skel->bss->usdt_sum);
	probes__destroy(skel);
	return 0;
}
