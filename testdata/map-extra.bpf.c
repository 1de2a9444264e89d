// Needs clang 19. An arena: a map with a field of 64 bits, and variables in it. libbpf knows both since 1.5. Not meant
// to be loaded.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef __ulong
#define __ulong(name, val) enum { name##__value = val } name
#endif

#ifndef BPF_MAP_TYPE_ARENA
#define BPF_MAP_TYPE_ARENA 33
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 10);
	__ulong(map_extra, 0x1ull << 44);
} arena SEC(".maps");

#define __arena __attribute__((address_space(1)))

int __arena in_arena = 7;
long __arena also_in_arena;

SEC("syscall")
int entry(void *ctx)
{
	return bpf_map_push_elem(&arena, ctx, 0) + in_arena + also_in_arena;
}

char LICENSE[] SEC("license") = "GPL";
