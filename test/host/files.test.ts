import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withDirectory } from "../support/compile.ts";
import { compileGuest, type GuestRun, runGuest } from "../support/guest.ts";

const guest = compileGuest(`
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
static int show(const char *what, int result) {
  if (result < 0) printf("%s: %s\\n", what, strerror(errno)); else printf("%s: ok\\n", what);
  return result;
}
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *what = argv[i];
    char text[128];
    struct stat st;
    if (!strcmp(what, "read")) {
      int fd = open(argv[++i], O_RDONLY), n;
      if (fd < 0) { show("read", -1); continue; }
      n = read(fd, text, sizeof text);
      printf("read: %.*s\\n", n < 0 ? 0 : n, text);
      close(fd);
    } else if (!strcmp(what, "write")) {
      int fd = show("write", open(argv[++i], O_WRONLY | O_CREAT | O_TRUNC, 0644));
      if (fd >= 0) { write(fd, "written", 7); close(fd); }
    } else if (!strcmp(what, "append")) {
      int fd = open(argv[++i], O_WRONLY | O_APPEND);
      write(fd, "+more", 5); close(fd);
    } else if (!strcmp(what, "seek")) {
      int fd = open(argv[++i], O_RDWR);
      printf("seek: %d", (int)lseek(fd, -2, SEEK_END));
      printf(" %d", (int)read(fd, text, 9));
      printf(" %d", (int)pwrite(fd, "X", 1, 0));
      printf(" %d", (int)lseek(fd, 0, SEEK_CUR));
      printf(" %d\\n", ftruncate(fd, 3));
      close(fd);
    } else if (!strcmp(what, "mkdir")) show("mkdir", mkdir(argv[++i], 0755));
    else if (!strcmp(what, "rmdir")) show("rmdir", rmdir(argv[++i]));
    else if (!strcmp(what, "unlink")) show("unlink", unlink(argv[++i]));
    else if (!strcmp(what, "rename")) { i += 2; show("rename", rename(argv[i - 1], argv[i])); }
    else if (!strcmp(what, "link")) { i += 2; show("link", link(argv[i - 1], argv[i])); }
    else if (!strcmp(what, "symlink")) { i += 2; show("symlink", symlink(argv[i - 1], argv[i])); }
    else if (!strcmp(what, "readlink")) {
      int n = readlink(argv[++i], text, sizeof text);
      if (n < 0) show("readlink", -1); else printf("readlink: %.*s\\n", n, text);
    } else if (!strcmp(what, "stat")) {
      if (stat(argv[++i], &st)) show("stat", -1);
      else printf("stat: %d %d %d\\n", S_ISDIR(st.st_mode), S_ISREG(st.st_mode), S_ISREG(st.st_mode) ? (int)st.st_size : 0);
    } else if (!strcmp(what, "list")) {
      DIR *dir = opendir(argv[++i]); struct dirent *e; int n = 0;
      if (!dir) { show("list", -1); continue; }
      while ((e = readdir(dir))) n++;
      printf("list: %d\\n", n);
      closedir(dir);
    } else if (!strcmp(what, "times")) {
      struct timespec t[2] = {{1000000000, 0}, {1100000000, 500000000}};
      show("times", utimensat(AT_FDCWD, argv[++i], t, 0));
    }
  }
  return 0;
}
`);

function on(directory: string, ...commands: string[]): string[] {
  return lines(
    runGuest(guest, { args: ["guest.wasm", ...commands], preopens: [{ host: directory, guest: "/data" }] }),
  );
}

function lines({ stdout }: GuestRun): string[] {
  return stdout.trimEnd().split("\n");
}

const refused = "Capabilities insufficient";

describe("files below --dir", () => {
  test("are read, written, appended, cut and listed", () =>
    withDirectory((directory) => {
      const result = on(
        directory,
        ...["write", "/data/a", "append", "/data/a", "read", "/data/a", "stat", "/data/a"],
        ...["seek", "/data/a", "read", "/data/a", "mkdir", "/data/d", "stat", "/data/d", "list", "/data"],
        ...["times", "/data/a"],
      );
      assert.deepEqual(result, [
        "write: ok",
        "read: written+more",
        "stat: 0 1 12",
        "seek: 10 2 1 12 0",
        "read: Xri",
        "mkdir: ok",
        "stat: 1 0 0",
        "list: 4",
        "times: ok",
      ]);
      assert.equal(fs.readFileSync(join(directory, "a"), "utf8"), "Xri");
      assert.equal(fs.statSync(join(directory, "a")).mtimeMs, 1_100_000_000_500);
    }));

  test("are renamed, linked and removed", () =>
    withDirectory((directory) => {
      const result = on(
        directory,
        ...["write", "/data/a", "mkdir", "/data/d", "rename", "/data/a", "/data/d/b"],
        ...[
          "link",
          "/data/d/b",
          "/data/c",
          "symlink",
          "d/b",
          "/data/s",
          "readlink",
          "/data/s",
          "read",
          "/data/s",
        ],
        ...[
          "rmdir",
          "/data/d",
          "unlink",
          "/data/d/b",
          "unlink",
          "/data/d",
          "rmdir",
          "/data/d",
          "read",
          "/data/c",
        ],
        ...["read", "/data/s", "unlink", "/data/s"],
      );
      assert.deepEqual(result, [
        "write: ok",
        "mkdir: ok",
        "rename: ok",
        "link: ok",
        "symlink: ok",
        "readlink: d/b",
        "read: written",
        "rmdir: Directory not empty",
        "unlink: ok",
        "unlink: Is a directory",
        "rmdir: ok",
        "read: written",
        "read: No such file or directory",
        "unlink: ok",
      ]);
    }));

  test("a long directory is listed completely", () =>
    withDirectory((directory) => {
      for (let index = 0; index < 500; index++) fs.writeFileSync(join(directory, `file-number-${index}`), "");
      assert.deepEqual(on(directory, "list", "/data"), ["list: 502"]);
    }));

  test("names that are no UTF-8 work", () =>
    withDirectory((directory) => {
      fs.writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0x80])]), "odd");
      assert.deepEqual(on(directory, "list", "/data"), ["list: 3"]);
    }));
});

describe("what is outside --dir", () => {
  /** A directory with a secret beside what the guest gets. */
  function withSecret(body: (inside: string) => void): Promise<void> {
    return withDirectory((directory) => {
      fs.writeFileSync(join(directory, "secret"), "secret");
      const inside = join(directory, "inside");
      fs.mkdirSync(join(inside, "sub"), { recursive: true });
      body(inside);
      assert.equal(fs.readFileSync(join(directory, "secret"), "utf8"), "secret");
      assert.deepEqual(fs.readdirSync(directory), ["inside", "secret"]);
    });
  }

  test("cannot be reached with ..", () =>
    withSecret((inside) => {
      const paths = ["/data/../secret", "/data/sub/../../secret", "/data/sub/../sub/../../secret"];
      for (const path of paths) assert.deepEqual(on(inside, "read", path), [`read: ${refused}`]);
      assert.deepEqual(on(inside, "read", "/data/sub/../a"), ["read: No such file or directory"]);
      for (const command of ["write", "unlink", "mkdir", "rmdir", "stat", "list", "readlink", "times"]) {
        assert.deepEqual(on(inside, command, "/data/../new"), [`${command}: ${refused}`]);
      }
      assert.deepEqual(on(inside, "write", "/data/a", "rename", "/data/a", "/data/../b"), [
        "write: ok",
        `rename: ${refused}`,
      ]);
      assert.deepEqual(on(inside, "rename", "/data/../secret", "/data/b"), [`rename: ${refused}`]);
      assert.deepEqual(on(inside, "link", "/data/../secret", "/data/b"), [`link: ${refused}`]);
    }));

  test("cannot be reached through links", () =>
    withSecret((inside) => {
      fs.symlinkSync("../secret", join(inside, "relative"));
      fs.symlinkSync(join(inside, "../secret"), join(inside, "absolute"));
      fs.symlinkSync("..", join(inside, "up"));
      fs.symlinkSync("/", join(inside, "root"));
      fs.symlinkSync("sub/../..", join(inside, "around"));
      for (const path of ["relative", "absolute", "up/secret", "root/etc/passwd", "around/secret"]) {
        assert.deepEqual(on(inside, "read", `/data/${path}`, "stat", `/data/${path}`), [
          `read: ${refused}`,
          `stat: ${refused}`,
        ]);
      }
      for (const path of ["relative", "up/new", "root/tmp/new"]) {
        assert.deepEqual(on(inside, "write", `/data/${path}`), [`write: ${refused}`]);
      }
      assert.deepEqual(on(inside, "list", "/data/up"), [`list: ${refused}`]);
      assert.deepEqual(on(inside, "unlink", "/data/up/secret"), [`unlink: ${refused}`]);
      assert.deepEqual(on(inside, "symlink", "/etc", "/data/etc"), [`symlink: ${refused}`]);
      // Made by the guest, and refused when it is walked.
      assert.deepEqual(on(inside, "symlink", "../secret", "/data/l", "read", "/data/l"), [
        "symlink: ok",
        `read: ${refused}`,
      ]);
    }));

  test("cannot be reached by other names of it", () =>
    withSecret((inside) => {
      for (const path of ["/secret", "/etc/passwd", `${inside}/../secret`, "/proc/self/environ"]) {
        assert.match(
          on(inside, "read", path)[0] ?? "",
          /^read: (Capabilities insufficient|No such file|Bad file)/,
        );
      }
    }));

  test("links that lead in circles end", () =>
    withSecret((inside) => {
      fs.symlinkSync("b", join(inside, "a"));
      fs.symlinkSync("a", join(inside, "b"));
      assert.deepEqual(on(inside, "read", "/data/a"), ["read: Symbolic link loop"]);
    }));

  test("cannot be reached through the process file system", () => {
    const result = lines(
      runGuest(guest, {
        args: [
          "guest.wasm",
          ...["/proc/self/root/etc/passwd", "/proc/self/cwd", "/proc/self/fd/0"].flatMap((path) => [
            "stat",
            path,
          ]),
        ],
        preopens: [{ host: "/proc", guest: "/proc" }],
      }),
    );
    // The magic links lead out by absolute targets, or to names that do not exist inside.
    for (const line of result)
      assert.match(line, /^stat: (Capabilities insufficient|No such file or directory)$/);
  });
});
