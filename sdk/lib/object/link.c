/* Links: descriptors that are detached when they are closed. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "object-internal.h"

struct bpf_link *wb_link_new(int fd)
{
	struct bpf_link *link;

	if (fd < 0)
		return wb_null(fd);
	link = calloc(1, sizeof(*link));
	if (!link) {
		close(fd);
		return wb_null(ENOMEM);
	}
	link->fd = fd;
	link->event_fd = -1;
	return link;
}

struct bpf_link *wb_link_attach_new(const struct bpf_object *obj, int index, struct wb_link_attach *req)
{
	req->size = sizeof(*req);
	return wb_link_new(wb_result(wb_link_attach(obj->handle, index, wb_address(req))));
}

int bpf_link__destroy(struct bpf_link *link)
{
	int error = 0;

	if (!link)
		return 0;
	if (!link->disconnected) {
		if (close(link->fd))
			error = errno;
		if (link->event_fd >= 0)
			close(link->event_fd);
	}
	free(link->pin_path);
	free(link);
	return error ? wb_fail(error) : 0;
}

void bpf_link__disconnect(struct bpf_link *link)
{
	wb_link_disconnect(link->fd);
	link->disconnected = true;
}

int bpf_link__detach(struct bpf_link *link)
{
	return wb_result(wb_link_detach(link->fd));
}

int bpf_link__fd(const struct bpf_link *link)
{
	return link->fd;
}

const char *bpf_link__pin_path(const struct bpf_link *link)
{
	return link->pin_path;
}

struct bpf_link *bpf_link__open(const char *path)
{
	int fd = wb_result(wb_kernel_get(wb_address(path), 0, 0));
	struct bpf_link *link = NULL;

	if (fd < 0)
		wb_warn("failed to open link at %s: %d\n", path, fd);
	else
		link = wb_link_new(fd);
	if (!link)
		return NULL;
	link->pin_path = strdup(path);
	if (!link->pin_path) {
		bpf_link__destroy(link);
		return wb_null(ENOMEM);
	}
	return link;
}

int bpf_link__pin(struct bpf_link *link, const char *path)
{
	char *copy;
	int error;

	if (link->pin_path)
		return wb_fail(EBUSY);
	if (!path)
		return wb_fail(EINVAL);
	copy = strdup(path);
	if (!copy)
		return wb_fail(ENOMEM);
	error = wb_pin(link->fd, path);
	if (error) {
		free(copy);
		return error;
	}
	link->pin_path = copy;
	wb_debug("link fd=%d: pinned at %s\n", link->fd, path);
	return 0;
}

int bpf_link__unpin(struct bpf_link *link)
{
	int error;

	if (!link->pin_path)
		return wb_fail(EINVAL);
	error = wb_unpin(link->pin_path);
	if (error)
		return error;
	wb_debug("link fd=%d: unpinned from %s\n", link->fd, link->pin_path);
	free(link->pin_path);
	link->pin_path = NULL;
	return 0;
}

int bpf_link__update_program(struct bpf_link *link, struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);

	if (fd < 0) {
		wb_warn("prog '%s': can't use BPF program without FD (was it loaded?)\n", prog->name);
		return wb_fail(EINVAL);
	}
	return wb_result(wb_link_update(link->fd, fd, 0, 0));
}

int bpf_link__update_map(struct bpf_link *link, const struct bpf_map *map)
{
	if (!wb_map_is_struct_ops(map))
		return wb_fail(EINVAL);
	if (wb_map_descriptor(map) < 0) {
		wb_warn("map '%s': can't use BPF map without FD (was it created?)\n", map->name);
		return wb_fail(EINVAL);
	}
	if (link->registration)
		return wb_fail(EINVAL);
	return wb_result(wb_link_update(link->fd, map->fd, 0, 0));
}
