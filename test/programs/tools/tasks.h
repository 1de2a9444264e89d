#ifndef TASKS_H
#define TASKS_H
struct task_record {
	int pid;
	int parent;
	char comm[16];
};
#endif
