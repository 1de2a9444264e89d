/* Temporary files. argv[1]: a directory to write in. Names are random, all else has to be as in the native program. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was made under a template, and what has become of the template. */
static void about(const char *function, const char *template, int suffix, const char *name, int fd)
{
	struct stat st;
	int error = errno;

	printf("%s(\"%s\"): ", function, template);
	if (fd < 0) {
		printf("%s", strerror(error));
		/* After other errors than this one C libraries differ. */
		if (error == EINVAL)
			printf(", the template is%s as it was", strcmp(template, name) ? " not" : "");
		printf("\n");
		return;
	}
	size_t end = strlen(template) - suffix, beginning = end - 6;

	printf("beginning %d, letters and digits %d, end %d", !strncmp(template, name, beginning),
	       strspn(name + beginning, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") >= 6,
	       !strcmp(template + end, name + end));
	if (stat(name, &st))
		printf(", stat: %s\n", strerror(errno));
	else
		printf(", mode %o, %lu links, %ld bytes\n", st.st_mode, (long)st.st_nlink,
		       S_ISREG(st.st_mode) ? (long)st.st_size : 0);
}

static void file(const char *template, int suffix, int flags)
{
	char name[100], text[10] = "";
	int fd;

	strcpy(name, template);
	errno = 0;
	fd = suffix && flags ? mkostemps(name, suffix, flags) :
	     suffix	     ? mkstemps(name, suffix) :
	     flags	     ? mkostemp(name, flags) :
			       mkstemp(name);
	about(suffix && flags ? "mkostemps" : suffix ? "mkstemps" : flags ? "mkostemp" : "mkstemp", template,
	      suffix, name, fd);
	if (fd < 0)
		return;
	printf("  flags %#x\n", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	printf("  written %zd", write(fd, "some text", 9));
	printf(", at %ld", (long)lseek(fd, 0, SEEK_SET));
	printf(", read %zd", read(fd, text, 9));
	printf(" %s, unlink %d\n", text, unlink(name));
	close(fd);
}

static void folder(const char *template)
{
	char name[100];
	char *made;

	strcpy(name, template);
	errno = 0;
	made = mkdtemp(name);
	about("mkdtemp", template, 0, name, made ? 0 : -1);
	if (made)
		printf("  the template %d, rmdir %d\n", made == name, rmdir(name));
}

static void stream(void)
{
	struct stat st;
	char text[20] = "";
	FILE *file = tmpfile();

	if (!file) {
		printf("tmpfile: %s\n", strerror(errno));
		return;
	}
	fstat(fileno(file), &st);
	printf("tmpfile: mode %o, %lu links, flags %#x\n", st.st_mode, (long)st.st_nlink,
	       fcntl(fileno(file), F_GETFL) & (O_ACCMODE | O_APPEND));
	fprintf(file, "%s %d\n", "line", 1);
	rewind(file);
	printf("read %s", fgets(text, sizeof(text), file));
	printf("ftruncate %d, ", ftruncate(fileno(file), 2));
	fseek(file, 0, SEEK_END);
	printf("%ld bytes, fclose ", ftell(file));
	printf("%d\n", fclose(file));
}

static void made(const char *how, int fd, const char *name)
{
	struct stat st;

	printf("%s: %d", how, fd >= 0);
	printf(", stat %d", stat(name, &st));
	printf(", mode %o\n", st.st_mode);
}

int main(int argc, char **argv)
{
	char name[] = "nameXXXXXX";

	if (argc < 2 || chdir(argv[1]))
		return 1;
	printf("umask %o\n", umask(022));
	file("fileXXXXXX", 0, 0);
	file("XXXXXXXXXX", 0, 0);
	file("./fileXXXXXX", 0, O_APPEND | O_CLOEXEC);
	file("fileXXXXXX.txt", 4, 0);
	file("fileXXXXXX.c", 2, O_APPEND);
	file("fileXXXXX", 0, 0);
	file("fileXXXXXX.txt", 0, 0);
	file("XXXXXX.txt", 5, 0);
	file("", 0, 0);
	file("absent/XXXXXX", 0, 0);
	folder("folderXXXXXX");
	folder("./folderXXXXXX");
	folder("folderXXXXX");
	folder("absent/XXXXXX");
	printf("mktemp: %d", mktemp(name) == name && strcmp(name, "nameXXXXXX"));
	printf(", access %d\n", access(name, F_OK));
	stream();

	/* The same is said about what programs make by themselves. */
	made("open 0640", open("a", O_CREAT | O_WRONLY, 0640), "a");
	made("open 0666", open("b", O_CREAT | O_WRONLY, 0666), "b");
	made("open again", open("b", O_CREAT | O_WRONLY, 0600), "b");
	made("creat 0755", creat("c", 0755), "c");
	made("mkdir 0777", mkdir("d", 0777), "d");
	made("mkdir 0750", mkdir("e", 0750), "e");
	made("openat 0604", openat(AT_FDCWD, "f", O_CREAT | O_RDWR, 0604), "f");
	made("fopen", fileno(fopen("g", "w")), "g");
	printf("umask %o\n", umask(077));
	made("open 0666 with another mask", open("h", O_CREAT | O_WRONLY, 0666), "h");
	made("mkdir 0777 with another mask", mkdir("i", 0777), "i");
	made("fopen with another mask", fileno(fopen("j", "w")), "j");
	printf("umask %o\n", umask(022));
	return 0;
}
