// Guest of ABI version 1 by raw imports: attaches a kprobe by its section name and prints "<pid> <path>" per event.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#define IMPORT(name) __attribute__((import_module("wasm_bpf"), import_name(#name))) name
typedef int (*sample_function)(void *context, void *data, uint32_t size);

uint64_t IMPORT(wasm_load_bpf_object)(const void *object, int size);
int IMPORT(wasm_close_bpf_object)(uint64_t object);
int IMPORT(wasm_attach_bpf_program)(uint64_t object, const char *name, const char *target);
int IMPORT(wasm_bpf_map_fd_by_name)(uint64_t object, const char *name);
int IMPORT(wasm_bpf_buffer_poll)(uint64_t object, int fd, sample_function callback, void *context, void *data,
                                 int max_size, int timeout_ms);

struct event {
  uint32_t tgid;
  char path[60];
};

static const unsigned char object_file[] = {
#embed "unlink-events.bpf.o"
};

static int on_event(void *context, void *data, uint32_t size) {
  const struct event *event = data;
  (void)context;
  if (size != sizeof *event) return -EINVAL;
  printf("%u %s\n", event->tgid, event->path);
  fflush(stdout);
  return 0;
}

int main(void) {
  static struct event data;
  uint64_t object = wasm_load_bpf_object(object_file, sizeof object_file);
  if (!object) return 1;
  if (wasm_attach_bpf_program(object, "on_unlink", NULL) != 0) return 2;
  int fd = wasm_bpf_map_fd_by_name(object, "events");
  printf("ready\n");
  fflush(stdout);
  int result;
  do result = wasm_bpf_buffer_poll(object, fd, on_event, NULL, &data, sizeof data, -1);
  while (result >= 0);
  if (wasm_close_bpf_object(object) != 0) return 3;
  return 0;
}
