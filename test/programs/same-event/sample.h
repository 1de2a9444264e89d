/* One record with everything whose size or place depends on the machine. */
#ifndef SAMPLE_H
#define SAMPLE_H

enum sample_kind { SAMPLE_NONE, SAMPLE_EXEC = 0x7ffffff0 };

struct reading {
	char first;
	long negative;
	unsigned long counts[3];
	void *task;
	const char *name_at;
	struct {
		short small;
		unsigned long inner;
	} nested;
	union {
		unsigned long whole;
		unsigned char bytes[8];
	};
	enum sample_kind kind;
	unsigned int low : 3, middle : 13, high : 16;
	_Bool yes;
	unsigned long long started_ns;
	int pid;
	char comm[16];
	char last;
};

#endif
