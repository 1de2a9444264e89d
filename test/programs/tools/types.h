#ifndef TYPES_H
#define TYPES_H
enum colour { RED = 1, GREEN = 2 };
struct point {
	long x;
	short y;
	enum colour colour;
	char name[8];
	union {
		unsigned int word;
		unsigned char bytes[4];
	};
	struct point *next;
	unsigned flag : 1, rest : 7;
};
#endif
