// Guest contender of the drain benchmark: wasm_bpf_buffer_poll with a callback per record.
// For each line on standard input: drains the ring buffer once and prints "<records> <nanoseconds>".
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define IMPORT(name) __attribute__((import_module("wasm_bpf"), import_name(#name))) name
typedef int (*sample_function)(void *context, void *data, uint32_t size);

uint64_t IMPORT(wasm_load_bpf_object)(const void *object, int size);
int IMPORT(wasm_bpf_map_fd_by_name)(uint64_t object, const char *name);
int IMPORT(wasm_bpf_buffer_poll)(uint64_t object, int fd, sample_function callback, void *context, void *data,
                                 int max_size, int timeout_ms);

static const unsigned char object_file[] = {
#embed "fill.bpf.o"
};

static uint64_t sum;

static int on_record(void *context, void *data, uint32_t size) {
  (void)context;
  (void)size;
  sum += *(uint64_t *)data;
  return 0;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int main(void) {
  static uint64_t data[64];
  uint64_t object = wasm_load_bpf_object(object_file, sizeof object_file);
  if (!object) return 1;
  int fd = wasm_bpf_map_fd_by_name(object, "records");
  if (fd < 0) return 1;
  printf("ready\n");
  fflush(stdout);
  char line[16];
  while (fgets(line, sizeof line, stdin)) {
    uint64_t start = now();
    int records = wasm_bpf_buffer_poll(object, fd, on_record, 0, data, sizeof data, 0);
    printf("%d %llu\n", records, (unsigned long long)(now() - start));
    fflush(stdout);
  }
  return sum == 0;
}
