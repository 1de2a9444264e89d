// Native contender of the drain benchmark: libbpf's ring_buffer__consume with a callback per record.
// For each line on standard input: drains the ring buffer once and prints "<records> <nanoseconds>".
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "fill.skel.h"

static uint64_t sum;

static int on_record(void *context, void *data, size_t size) {
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
  struct fill_bpf *object = fill_bpf__open_and_load();
  if (!object) return 1;
  struct ring_buffer *ring = ring_buffer__new(bpf_map__fd(object->maps.records), on_record, NULL, NULL);
  if (!ring) return 1;
  printf("ready\n");
  fflush(stdout);
  char line[16];
  while (fgets(line, sizeof line, stdin)) {
    uint64_t start = now();
    int records = ring_buffer__consume(ring);
    printf("%d %llu\n", records, (unsigned long long)(now() - start));
    fflush(stdout);
  }
  ring_buffer__free(ring);
  fill_bpf__destroy(object);
  return sum == 0;
}
