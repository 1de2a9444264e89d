// Measures a program's start: the time from just before fork to the first line on its standard output, or to its end
// when it prints nothing. Prints nanoseconds, and the line.
//   first-output [--tracefs] PROGRAM [ARGUMENT...]
// With --tracefs the program finds tracefs mounted, in a mount namespace of its own: libbpf attaches nothing without.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static __attribute__((noinline)) pid_t run(char **arguments, int output) {
  pid_t child = vfork();
  if (child == 0) {
    dup2(output, 1);
    execvp(arguments[0], arguments);
    _exit(127);
  }
  return child;
}

int main(int count, char **arguments) {
  int ends[2];
  if (count > 1 && strcmp(arguments[1], "--tracefs") == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) != 0) return 2;
    if (mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) != 0) return 2;
    count--;
    arguments++;
  }
  if (count < 2 || pipe2(ends, O_CLOEXEC) != 0) return 2;
  uint64_t start = now();
  pid_t child = run(arguments + 1, ends[1]);
  if (child < 0) return 2;
  close(ends[1]);
  char text[4096];
  size_t length = 0;
  while (length < sizeof text - 1 && !memchr(text, '\n', length)) {
    ssize_t got = read(ends[0], text + length, sizeof text - 1 - length);
    if (got <= 0) break;
    length += (size_t)got;
  }
  int status = 0;
  // A program that printed nothing is timed to its end.
  if (length == 0) waitpid(child, &status, 0);
  uint64_t end = now();
  if (length > 0) {
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
  }
  text[length] = 0;
  char *newline = strchr(text, '\n');
  if (newline) *newline = 0;
  printf("%llu %s\n", (unsigned long long)(end - start), text);
  return length == 0 && status != 0;
}
