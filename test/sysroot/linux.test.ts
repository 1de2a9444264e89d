import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays, macros, sourceFile, writeSource } from "./lp64.ts";

const HEADERS = [
  ...["dirent", "errno", "fcntl", "limits", "locale", "net/if", "netinet/in", "netinet/tcp", "poll"],
  ...["sched", "signal", "stdio", "stdlib", "sys/epoll", "sys/eventfd", "sys/file", "sys/ioctl", "sys/mman"],
  ...["sys/prctl", "sys/resource", "sys/select", "sys/socket", "sys/stat", "sys/syscall", "sys/time"],
  ...["sys/timerfd", "sys/un", "sys/utsname", "sys/wait", "syslog", "termios", "time", "unistd"],
];

const INCLUDES = `#define _GNU_SOURCE\n${HEADERS.map((name) => `#include <${name}.h>\n`).join("")}`;

/** Constants by the beginning of their names: all that programs compare with what the kernel says. */
const NAMES =
  /^(E[A-Z0-9]+|(AF|PF|SOCK|SOL|SO|MSG|IPPROTO|IP|IPV6|TCP|INADDR|IFF|SHUT|SCM|O|F|FD|AT|S|DT|LOCK|SEEK|POSIX_FADV|PROT|MAP|MADV|MS|MCL|SIG|SA|SI|SS|RLIMIT|RUSAGE|PRIO|CLOCK|TIMER|ITIMER|TFD|EPOLL|EFD|POLL|PR|SCHED|CLONE|SYS|__NR|LOG|TCSA|TIOC|FIO|W|LC|EXIT|SC|CSIGNAL|IFNAMSIZ|PATH|NAME|UIO|_SC|CLOCKS)_\w+|S_I[A-Z]+|SIG[A-Z0-9]+|POLL[A-Z]+|W[A-Z]+|[RWXF]_OK|TIOC[A-Z]+|FIO[A-Z]+|[A-Z]+_(MAX|MIN)|CLOCKS_PER_SEC|EOF|RAND_MAX|IFNAMSIZ|FD_SETSIZE|NSIG|STD\w+_FILENO)$/;

/** Sizes and limits of the C library itself, in which Linux's C libraries differ, and special signal handlers; the kernel knows none of them. */
const LIBRARY = /^([AP]F_MAX|LC_ALL_MASK|TMP_MAX|NGROUPS_MAX|LINE_MAX|FOPEN_MAX|SIGSTKSZ|SIG_IGN|SIG_HOLD)$/;

test("errno values, flags and all other constants are Linux's", () => {
  const includes = writeSource("includes.c", INCLUDES);
  const native = macros(includes, false);
  const guest = macros(includes, true);
  const both = [...native.keys()].filter(
    (name) => guest.has(name) && NAMES.test(name) && !LIBRARY.test(name),
  );
  assert.ok(both.length > 1000, `${both.length} constants`);
  const lines = both.map((name) => `  SHOW(${name});\n`).join("");
  const source = writeSource(
    "constants.c",
    `${INCLUDES}#define SHOW(name) printf("%s %lld\\n", #name, (long long)(name))\nint main(void) {\n${lines}  return 0;\n}\n`,
  );
  const program = new BothWays(source, ["-w"]);
  const expected = program.runNative([]).stdout.split("\n");
  const actual = program.runGuest([]).stdout.split("\n");
  const different = actual.map((line, i) => `${line}, Linux: ${expected[i]}`);
  assert.deepEqual(
    different.filter((_, i) => actual[i] !== expected[i]),
    [],
  );
  assert.equal(actual.length, both.length + 1);
});

test("types and structures have the sizes and layouts of x86-64 Linux", () => {
  const program = new BothWays(sourceFile("types.c"));
  assert.equal(program.runGuest([]).stdout, program.runNative([]).stdout);
});
