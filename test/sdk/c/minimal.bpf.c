int runs;

SEC("raw_tp/sched_switch")
int on_switch(void *context)
{
	runs = 1;
	return 0;
}
