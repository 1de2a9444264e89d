/* What a guest cannot do: ENOSYS, and a line that says so. */
#include "internal.h"
#include <bpf/libbpf.h>

static int refuse(const char *function)
{
	wb_warn("%s: not possible in a guest\n", function);
	return wb_fail(ENOSYS);
}

struct bpf_linker *bpf_linker__new(const char *filename, struct bpf_linker_opts *opts)
{
	(void)filename, (void)opts;
	return refuse(__func__), NULL;
}

struct bpf_linker *bpf_linker__new_fd(int fd, struct bpf_linker_opts *opts)
{
	(void)fd, (void)opts;
	return refuse(__func__), NULL;
}

int bpf_linker__add_file(struct bpf_linker *linker, const char *filename, const struct bpf_linker_file_opts *opts)
{
	(void)linker, (void)filename, (void)opts;
	return refuse(__func__);
}

int bpf_linker__add_fd(struct bpf_linker *linker, int fd, const struct bpf_linker_file_opts *opts)
{
	(void)linker, (void)fd, (void)opts;
	return refuse(__func__);
}

int bpf_linker__add_buf(struct bpf_linker *linker, void *buf, size_t buf_sz, const struct bpf_linker_file_opts *opts)
{
	(void)linker, (void)buf, (void)buf_sz, (void)opts;
	return refuse(__func__);
}

int bpf_linker__finalize(struct bpf_linker *linker)
{
	(void)linker;
	return refuse(__func__);
}

void bpf_linker__free(struct bpf_linker *linker)
{
	(void)linker;
}

int bpf_object__gen_loader(struct bpf_object *obj, struct gen_loader_opts *opts)
{
	(void)obj, (void)opts;
	return refuse(__func__);
}
