// Needs clang 19. An arena with variables of its own and memory that the program allocates.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

struct {
	__uint(type, 33); /* BPF_MAP_TYPE_ARENA, newer than some headers */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16); /* pages */
} arena SEC(".maps");

extern void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 page_cnt, int node_id,
					   __u64 flags) __ksym;

struct node {
	struct node __arena *next;
	int value;
};

int __arena preset SEC(".addr_space.1") = 41;
struct node __arena *__arena head SEC(".addr_space.1") = 0;

SEC("syscall")
int build(void *ctx)
{
	struct node __arena *node = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);

	if (!node)
		return 1;
	for (int i = 0; i < 3; i++) {
		node[i].value = i + 1;
		node[i].next = i < 2 ? &node[i + 1] : 0;
	}
	head = node;
	preset++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
