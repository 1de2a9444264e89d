/* What both halves share. */
#ifndef EVENT_H
#define EVENT_H

struct event {
	unsigned long long argument;
	int pid;
	char comm[16];
};

#endif
