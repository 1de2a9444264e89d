/* A record for each kind of buffer. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

int number;

SEC("socket")
int to_ring(struct __sk_buff *packet)
{
	number++;
	return !!bpf_ringbuf_output(&ring, &number, sizeof(number), 0);
}

SEC("socket")
int to_events(struct __sk_buff *packet)
{
	number++;
	return !!bpf_perf_event_output(packet, &events, BPF_F_CURRENT_CPU, &number, sizeof(number));
}
