#define _GNU_SOURCE
/* What the programs observe: does the same things each time it is told to. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/sdt.h>

__attribute__((noinline)) int answer(int number)
{
	__asm__ volatile("" : "+r"(number));
	return number * 2;
}

static void run(const char *path)
{
	pid_t child = fork();

	if (child == 0) {
		execl(path, path, "argument", NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

int main(void)
{
	char line[16], text[] = "sixteen letters.";
	int null = open("/dev/null", O_WRONLY), sum = 0;

	puts("started");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && !strcmp(line, "go\n")) {
		for (int i = 0; i < 5; i++)
			sum += (int)write(null, text, 1 << i % 4);
		for (int i = 1; i <= 3; i++) {
			sum += answer(i);
			DTRACE_PROBE2(wasm_bpf_test, step, i, text);
		}
		close(open("/dev/zero", O_RDONLY | O_CLOEXEC));
		close(open("/nonexistent/file", O_RDONLY));
		getpgid(0);
		run("/bin/true");
		run("/bin/false");
		printf("done %d\n", sum);
		fflush(stdout);
	}
	return 0;
}
