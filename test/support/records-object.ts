import { compileBpf } from "./compile-bpf.ts";

/**
 * A BPF object whose program runs when this process makes a directory: it outputs `config[0]` records of `config[1]`
 * bytes to the ring buffer `records`, or to `perf_records` when `config[2]` is set. Each starts with its number (u32).
 * It has maps of other types, too.
 */
export function recordsObject(): Uint8Array {
  return compileBpf(
    `
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } records SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf_records SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } config SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, char[512]); } scratch SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u64); __type(value, __u32); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); } per_cpu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 4); __uint(key_size, 0); __uint(value_size, 4); } queue SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 4); } programs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 4); } groups SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); };
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32); __array(values, struct inner); } outer SEC(".maps");

static __u32 sequence;

SEC("tracepoint/syscalls/" SYSCALL)
int on_mkdir(void *context) {
  __u32 zero = 0, one = 1, two = 2;
  if (bpf_get_current_pid_tgid() >> 32 != PID) return 0;
  __u32 *count = bpf_map_lookup_elem(&config, &zero), *size = bpf_map_lookup_elem(&config, &one);
  __u32 *perf = bpf_map_lookup_elem(&config, &two);
  char *bytes = bpf_map_lookup_elem(&scratch, &zero);
  if (!count || !size || !perf || !bytes) return 0;
  for (int i = 0; i < 64 && i < *count; i++) {
    __u32 length = *size;
    if (length < 4 || length > 512) return 0;
    *(__u32 *)bytes = sequence++;
    if (*perf) bpf_perf_event_output(context, &perf_records, BPF_F_CURRENT_CPU, bytes, length);
    else bpf_ringbuf_output(&records, bytes, length, 0);
  }
  return 0;
}
`,
    [
      `-DPID=${process.pid}`,
      `-DSYSCALL="${process.arch === "arm64" ? "sys_enter_mkdirat" : "sys_enter_mkdir"}"`,
    ],
  );
}

/** C of a guest: loads `object`, attaches its program, and makes records come. */
export const recordsGuest = `
#include <sys/stat.h>
static uint64_t obj;
static int records, config;
static unsigned char data[1024];
static int open_object(void) {
  obj = load(PTR(object), object_size);
  if (!obj) return -1;
  records = map_fd(obj, PTR("records"));
  config = map_fd(obj, PTR("config"));
  return attach(obj, PTR("on_mkdir"), 0);
}
static void set(uint32_t index, uint32_t value) { map_operate(config, 2, PTR(&index), PTR(&value), 0, 0); }
/* The directory is there after the first time; the program runs all the same. */
static void emit(uint32_t count, uint32_t size) { set(0, count); set(1, size); mkdir("/data/d", 0755); }
static uint32_t number(void) { uint32_t n; memcpy(&n, data, 4); return n; }
`;
