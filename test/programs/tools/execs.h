#ifndef EXECS_H
#define EXECS_H
struct exec_event {
	long when; /* nanoseconds since boot */
	int pid;
	int ppid;
	int code;
	char comm[16];
	char file[64];
};
#endif
