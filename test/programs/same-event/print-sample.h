/* Prints every member; the struct is the shared header's or its generated binding. */
#ifndef PRINT_SAMPLE_H
#define PRINT_SAMPLE_H

#include <stddef.h>
#include <stdio.h>

static void print_sample(const struct reading *s, size_t size)
{
	printf("size %u of %u, first %c, last %c\n", (unsigned int)size, (unsigned int)sizeof(*s), s->first, s->last);
	printf("negative %lld, counts %llu %llu %llu\n", (long long)s->negative, (unsigned long long)s->counts[0],
	       (unsigned long long)s->counts[1], (unsigned long long)s->counts[2]);
	printf("task %llx, comm %llu bytes further\n", (unsigned long long)s->task,
	       (unsigned long long)s->name_at - (unsigned long long)s->task);
	printf("nested %d %llx, union %llx %x %x\n", s->nested.small, (unsigned long long)s->nested.inner,
	       (unsigned long long)s->whole, s->bytes[0], s->bytes[7]);
	printf("kind %x, bits %x %x %x, yes %d\n", (unsigned int)s->kind, (unsigned int)s->low,
	       (unsigned int)s->middle, (unsigned int)s->high, s->yes);
	printf("started %llu, pid %d, comm %s\n", (unsigned long long)s->started_ns, s->pid, s->comm);
	fflush(stdout);
}

#endif
