/* Reads files by the names given; "cd NAME" changes the directory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[4096];

	puts(getcwd(text, sizeof(text)) ? text : strerror(errno));
	for (int i = 1; i < argc; i++) {
		FILE *file;

		if (!strcmp(argv[i], "cd")) {
			i++;
			puts(chdir(argv[i]) ? strerror(errno) : getcwd(text, sizeof(text)));
			continue;
		}
		file = fopen(argv[i], "r");
		puts(file && fgets(text, sizeof(text), file) ? text : strerror(errno));
		if (file)
			fclose(file);
	}
	return 0;
}
