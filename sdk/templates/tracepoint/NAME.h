/* What both halves share. */
#ifndef EVENT_H
#define EVENT_H

struct event {
	int pid;
	char comm[16];
	char file[256];
};

#endif
