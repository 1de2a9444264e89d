/* Runs /bin/true COUNT times, a few at once; prints each one's pid. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { AT_ONCE = 32 };

int main(int argc, char **argv)
{
	char *const arguments[] = { "true", NULL };
	char *const environment[] = { NULL };
	int left = argc > 1 ? atoi(argv[1]) : 0, running = 0, status;
	pid_t pid;

	for (; left > 0; left--) {
		if (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environment))
			return 1;
		printf("%d\n", (int)pid);
		if (++running < AT_ONCE)
			continue;
		if (wait(&status) < 0 || status != 0)
			return 1;
		running--;
	}
	while (wait(&status) > 0)
		if (status != 0)
			return 1;
	return 0;
}
