#ifndef OPENS_H
#define OPENS_H
struct open_event {
	unsigned int pid;
	int result;
	int flags;
	char comm[16];
	char file[48];
};
#endif
