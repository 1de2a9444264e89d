import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileGuest, runGuest } from "../support/guest.ts";

const guest = compileGuest(
  `
#include <time.h>
#include <poll.h>
#include <fcntl.h>
extern char **environ;
int main(int argc, char **argv) {
  const char *what = argv[1];
  if (!strcmp(what, "arguments")) {
    for (int i = 0; i < argc; i++) printf("%s\\n", argv[i]);
    for (char **e = environ; *e; e++) printf("%s\\n", *e);
  } else if (!strcmp(what, "exit")) {
    exit(atoi(argv[2]));
  } else if (!strcmp(what, "return")) {
    return atoi(argv[2]);
  } else if (!strcmp(what, "clocks")) {
    struct timespec before, after, real, pause = {0, 2000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    int slept = nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    clock_gettime(CLOCK_REALTIME, &real);
    long long ns = (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
    printf("%d %d %lld %lld\\n", slept, ns >= 2000000, (long long)after.tv_sec, (long long)real.tv_sec);
  } else if (!strcmp(what, "random")) {
    unsigned char bytes[64] = {0}; int zeros = 0;
    if (getentropy(bytes, sizeof bytes)) return 1;
    for (int i = 0; i < 64; i++) zeros += bytes[i] == 0;
    printf("%d\\n", zeros < 16);
  } else if (!strcmp(what, "input")) {
    char line[32];
    while (fgets(line, sizeof line, stdin)) printf("<%s>", line);
    struct pollfd p = {0, POLLIN, 0};
    printf("%d\\n", poll(&p, 1, 0) >= 0);
  } else if (!strcmp(what, "streams")) {
    printf("%d%d", isatty(1), isatty(0));
    printf(" %d", (int)lseek(1, 0, SEEK_CUR) == -1 && errno == ESPIPE);
    printf(" %d", (int)write(0, "x", 1) == -1);
    printf(" %d", (int)read(1, line_or_null(), 1) == -1);
    printf(" %d", open("/etc/passwd", O_RDONLY) == -1);
    printf(" %d\\n", close(77) == -1 && errno == EBADF);
    fprintf(stderr, "to stderr\\n");
  }
  return 0;
}
`.replace(
    "extern char **environ;",
    "extern char **environ;\nstatic char *line_or_null(void) { static char b[1]; return b; }",
  ),
);

function run(...args: string[]): ReturnType<typeof runGuest> {
  return runGuest(guest, { args: ["guest.wasm", ...args] });
}

describe("WASI", () => {
  test("arguments and environment arrive as given", () => {
    const { stdout } = runGuest(guest, {
      args: ["./x.wasm", "arguments", "", "ä -h"],
      environment: { A: "1=2", WASM_BPF_UTC_OFFSET: "7200" },
    });
    assert.equal(
      Buffer.from(stdout, "latin1").toString(),
      "./x.wasm\narguments\n\nä -h\nWASM_BPF_UTC_OFFSET=7200\nA=1=2\n",
    );
  });

  test("nothing of the host's environment is visible, but the offset of local time", () => {
    assert.match(run("arguments").stdout, /^guest\.wasm\narguments\nWASM_BPF_UTC_OFFSET=-?\d+\n$/);
  });

  for (const status of [0, 1, 2, 77, 126, 134, 255]) {
    test(`exit status ${status} is kept`, () => {
      assert.equal(run("exit", String(status)).status, status);
      assert.equal(run("return", String(status)).status, status);
    });
  }

  test("an exit status has 8 bits", () => {
    assert.equal(run("exit", "256").status, 0);
    assert.equal(run("exit", "-1").status, 255);
  });

  test("clocks go on and a sleep takes its time", () => {
    const [slept, longEnough, monotonic = "", real = ""] = run("clocks").stdout.trim().split(" ");
    assert.deepEqual([slept, longEnough], ["0", "1"]);
    assert.ok(Math.abs(Number(monotonic) - Number(process.hrtime.bigint() / 1_000_000_000n)) <= 60);
    assert.ok(Math.abs(Number(real) - Date.now() / 1000) <= 60);
  });

  test("random bytes are random", () => {
    assert.equal(run("random").stdout, "1\n");
  });

  test("standard input comes from a source", () => {
    const chunks = ["one\ntw", "o\n"];
    const { stdout } = runGuest(guest, {
      args: ["guest.wasm", "input"],
      stdin: (into) => new TextEncoder().encodeInto(chunks.shift() ?? "", into).written,
    });
    assert.equal(stdout, "<one\n><two\n>1\n");
  });

  test("streams are one-way, cannot seek, and no file is open beyond them", () => {
    const { stdout, stderr } = run("streams");
    assert.equal(stdout, "10 1 1 1 1 1\n");
    assert.equal(stderr, "to stderr\n");
  });
});
