import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type GuestOptions, startModule } from "../../src/host/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { RLIMIT_NOFILE } from "../../src/uapi/linux.ts";
import { withDirectory } from "../support/compile.ts";
import { CliProcess, compileGuest, type GuestRun, runGuest } from "../support/guest.ts";

/** A limit that lets a guest have 4000 open. */
const ENOUGH_FILES = 4200n;

/** Commands with a path each, one line of output for each. VERSION_2 makes it a guest of version 2. */
const source = `
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#ifdef VERSION_2
IMPORT("wasm_bpf_2", "abi_version") int abi_version(void);
#endif
static void show(const char *what, int result) {
  if (result < 0) printf("%s: %s\\n", what, strerror(errno)); else printf("%s: ok\\n", what);
}
int main(int argc, char **argv) {
#ifdef VERSION_2
  if (abi_version() >> 16 != 2) return 1;
#endif
  static char text[1 << 20];
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *what = argv[i], *path = argv[i + 1];
    struct stat st;
    if (!strcmp(what, "read") || !strcmp(what, "size")) {
      int fd = open(path, O_RDONLY), size = 0, n;
      if (fd < 0) { show(what, -1); continue; }
      while ((n = read(fd, text + size, sizeof text - size)) > 0) size += n;
      if (n < 0) { show(what, -1); close(fd); continue; }
      if (*what == 'r') printf("read: %.*s\\n", (int)strcspn(text, "\\n") < size ? (int)strcspn(text, "\\n") : size, text);
      else printf("size: %d\\n", size);
      close(fd);
    } else if (!strcmp(what, "first")) {
      int fd = open(path, O_RDONLY);
      printf("opened\\n");
      int n = read(fd, text, sizeof text);
      if (n < 0) show(what, -1); else printf("first: %.*s\\n", n, text);
      close(fd);
    } else if (!strcmp(what, "stat")) {
      if (stat(path, &st)) show(what, -1);
      else printf("stat: %d %llu\\n", S_ISDIR(st.st_mode), (unsigned long long)st.st_ino);
    } else if (!strcmp(what, "list")) {
      DIR *dir = opendir(path); struct dirent *e; int n = 0, self = 0;
      if (!dir) { show(what, -1); continue; }
      while ((e = readdir(dir))) { n++; self |= !strcmp(e->d_name, "self"); }
      printf("list: %d %d\\n", n > 2, self);
      closedir(dir);
    } else if (!strcmp(what, "below")) {
      DIR *dir = opendir(path);
      int fd = dir ? openat(dirfd(dir), "status", O_RDONLY) : -1;
      show(what, fd);
      if (dir) closedir(dir);
    } else if (!strcmp(what, "readlink")) {
      int n = readlink(path, text, sizeof text);
      if (n < 0) show(what, -1); else printf("readlink: %.*s\\n", n, text);
    } else if (!strcmp(what, "write")) show(what, open(path, O_WRONLY));
    else if (!strcmp(what, "update")) show(what, open(path, O_RDWR));
    else if (!strcmp(what, "create")) show(what, open(path, O_WRONLY | O_CREAT | O_EXCL, 0644));
    else if (!strcmp(what, "truncate")) show(what, open(path, O_RDONLY | O_TRUNC));
    else if (!strcmp(what, "append")) {
      int fd = open(path, O_WRONLY | O_APPEND);
      show(what, fcntl(fd, F_SETFL, 0));
      show(what, lseek(fd, 0, SEEK_SET) || write(fd, "X", 1) != 1 ? -1 : 0);
      close(fd);
    }
    else if (!strcmp(what, "unlink")) show(what, unlink(path));
    else if (!strcmp(what, "mkdir")) show(what, mkdir(path, 0755));
    else if (!strcmp(what, "rmdir")) show(what, rmdir(path));
    else if (!strcmp(what, "symlink")) show(what, symlink("x", path));
    else if (!strcmp(what, "link")) show(what, link(path, path));
    else if (!strcmp(what, "rename")) show(what, rename(path, "/tmp/renamed"));
    else if (!strcmp(what, "times")) show(what, utimensat(AT_FDCWD, path, NULL, 0));
    else if (!strcmp(what, "vdso")) {
      FILE *maps = fopen(path, "r");
      unsigned long long start = 0, end = 0;
      size_t room = 0;
      char *line = NULL;
      while (maps && getline(&line, &room, maps) > 0 && !strstr(line, "[vdso]")) ;
      if (!line) { show(what, -1); continue; }
      sscanf(line, "%llx-%llx", &start, &end);
      memset(malloc(1 << 20), 1, 1 << 20); /* the allocator goes on around it */
      printf("vdso: %d %llu\\n", memcmp((char *)(size_t)start + 1, "ELF", 3), end - start);
    } else if (!strcmp(what, "open many")) {
      int n = 0;
      while (n < atoi(path) && open("/dev/null", O_RDONLY) >= 0) n++;
      printf("open many: %d\\n", n);
    }
  }
  return 0;
}
`;
const version1 = compileGuest(source);
const version2 = compileGuest(source, undefined, ["-DVERSION_2"]);

type Read = boolean | readonly string[];

function runWith(read: Read, commands: readonly string[], options: GuestOptions = {}): GuestRun {
  return runGuest(version2, { args: ["guest.wasm", ...commands], permissions: { read }, ...options });
}

/** Lines that the guest printed. */
function on(read: Read, ...commands: string[]): string[] {
  return runWith(read, commands).stdout.trimEnd().split("\n");
}

const DENIED = "Permission denied";

describe("--allow-read", () => {
  test("shows files of the kernel, whose size is 0, whole", () => {
    const kallsyms = execFileSync("wc", ["-c", "/proc/kallsyms"], { encoding: "latin1" }).split(" ")[0];
    assert.ok(Number(kallsyms) > 0);
    const paths = [
      "/proc/sys/kernel/ostype",
      "/proc/self/comm",
      "/sys/kernel/mm/transparent_hugepage/enabled",
    ];
    assert.deepEqual(
      on(true, ...paths.flatMap((path) => ["read", path])),
      paths.map((path) => `read: ${fs.readFileSync(path, "latin1").split("\n")[0]}`),
    );
    assert.deepEqual(on(true, "size", "/proc/version"), [`size: ${fs.readFileSync("/proc/version").length}`]);
    assert.equal(fs.readFileSync("/sys/kernel/btf/vmlinux").length > 1 << 20, true);
    // As much as the guest has room for.
    assert.deepEqual(on(true, "size", "/sys/kernel/btf/vmlinux"), [`size: ${1 << 20}`]);
  });

  test("follows the links of processes: namespaces, roots, programs", () => {
    const ns = fs.statSync("/proc/self/ns/pid");
    assert.deepEqual(
      on(
        true,
        "stat",
        "/proc/self/ns/pid",
        "readlink",
        "/proc/self/ns/pid",
        "stat",
        "/proc/self/root/etc/passwd",
      ),
      [
        `stat: 0 ${ns.ino}`,
        `readlink: ${fs.readlinkSync("/proc/self/ns/pid")}`,
        `stat: 0 ${fs.statSync("/etc/passwd").ino}`,
      ],
    );
  });

  test("shows the guest where in its memory the vDSO is", () => {
    const line = /^(\w+)-(\w+) .*\[vdso\]$/m.exec(fs.readFileSync("/proc/self/maps", "latin1"));
    assert.ok(line);
    const size = BigInt(`0x${line[2]}`) - BigInt(`0x${line[1]}`);
    const own = `/proc/${process.pid}/maps`;
    assert.deepEqual(on(true, "vdso", "/proc/self/maps", "vdso", own), Array(2).fill(`vdso: 0 ${size}`));
    // Other processes' maps are as they are.
    const parent = `/proc/${process.ppid}/maps`;
    const first = fs.readFileSync(parent, "latin1").split("\n")[0];
    assert.deepEqual(on(true, "read", parent), [`read: ${first}`]);
  });

  test("lists directories, and opens what is in them", () => {
    assert.deepEqual(on(true, "list", "/proc", "list", "/", "below", "/proc/self", "stat", "/proc"), [
      "list: 1 1",
      "list: 1 0",
      "below: ok",
      `stat: 1 ${fs.statSync("/proc").ino}`,
    ]);
  });

  test("is there for guests of version 1, too, and never unasked", () => {
    const run = (read: Read): string =>
      runGuest(version1, { args: ["guest.wasm", "read", "/proc/self/comm"], permissions: { read } }).stdout;
    assert.equal(run(true), `read: ${fs.readFileSync("/proc/self/comm", "latin1")}`);
    assert.doesNotMatch(run(false), /read: node/);
  });

  test("does not let a guest change anything", () =>
    withDirectory((directory) => {
      const file = join(directory, "file");
      const other = join(directory, "directory");
      fs.writeFileSync(file, "content");
      fs.chmodSync(file, 0o666);
      fs.mkdirSync(other);
      const before = fs.statSync(file);
      const commands = ["write", "update", "truncate", "unlink", "times", "link", "rename"].flatMap(
        (what) => [what, file],
      );
      const { stdout, stderr } = runWith(true, [
        ...commands,
        ...[
          "create",
          join(directory, "new"),
          "mkdir",
          join(directory, "new"),
          "symlink",
          join(directory, "new"),
        ],
        ...["rmdir", other],
        ...["write", "/dev/kmsg", "update", "/proc/self/comm", "write", "/proc/sys/kernel/hostname"],
      ]);
      assert.doesNotMatch(stdout, /ok/);
      assert.equal(stderr.match(/\n/g)?.length, 1, stderr);
      assert.match(stderr, /^wasm-bpf: The guest wants to change .+, which needs --dir/);
      assert.equal(fs.readFileSync(file, "utf8"), "content");
      assert.equal(fs.statSync(file).mtimeMs, before.mtimeMs);
      assert.deepEqual(fs.readdirSync(directory).sort(), ["directory", "file"]);
    }));

  test("says of a directory that is there already that it is, and not of one that it does not show", () =>
    withDirectory((directory) => {
      const mkdir = (read: Read): string[] =>
        on(read, ...["/", "/etc/", directory, join(directory, "new")].flatMap((path) => ["mkdir", path]));
      const there = "mkdir: File exists";
      const refused = "mkdir: Read-only file system";
      assert.deepEqual(mkdir(true), [there, there, there, refused]);
      assert.deepEqual(mkdir(["/etc"]), [refused, there, refused, refused]);
    }));

  test("lets --dir write where both begin alike", () =>
    withDirectory((directory) => {
      const path = join(directory, "new");
      const { stdout } = runWith(true, ["create", path, "read", "/proc/self/comm"], {
        preopens: [{ host: directory, guest: directory }],
      });
      assert.match(stdout, /^create: ok\nread: /);
      assert.ok(fs.existsSync(path));
    }));

  test("opens no devices but those that only give bytes, and no pipes of the host", () => {
    const devices = ["/dev/full", "/dev/null", "/dev/zero"].filter((path) => fs.existsSync(path));
    assert.notEqual(devices.length, 0);
    for (const path of devices) assert.doesNotMatch(on(true, "first", path).join(), /denied/, path);
    const refused = ["/dev/mem", "/dev/port", "/dev/watchdog", "/dev/ptmx", "/dev/loop-control"];
    const there = refused.filter((path) => fs.existsSync(path));
    assert.notEqual(there.length, 0);
    for (const path of there) assert.deepEqual(on(true, "size", path), [`size: ${DENIED}`], path);
    const pipes = fs
      .readdirSync("/proc/self/fd")
      .map((fd) => `/proc/${process.pid}/fd/${fd}`)
      .filter((path) => readlinkIfAny(path)?.startsWith("pipe:"));
    assert.notEqual(pipes.length, 0, "node has pipes of its own");
    for (const path of pipes) assert.deepEqual(on(true, "size", path), [`size: ${DENIED}`]);
  });

  test("keeps thousands of files open", (t) => {
    const [, hard] = getSys().getRlimit(RLIMIT_NOFILE);
    getSys().setRlimit(RLIMIT_NOFILE, ENOUGH_FILES, hard < ENOUGH_FILES ? ENOUGH_FILES : hard);
    const [limit] = getSys().getRlimit(RLIMIT_NOFILE);
    if (limit < ENOUGH_FILES) return t.skip(`no more than ${limit} files may be open`);
    assert.deepEqual(on(true, "open many", "4000"), ["open many: 4000"]);
    return undefined;
  });
});

function readlinkIfAny(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch {
    return undefined;
  }
}

test("a file that was opened to append need not go on doing so", () =>
  withDirectory((directory) => {
    for (const guest of [version1, version2]) {
      const path = join(directory, "file");
      fs.writeFileSync(path, "content");
      const preopens = [{ host: directory, guest: directory }];
      const { stdout } = runGuest(guest, { args: ["guest.wasm", "append", path], preopens });
      assert.equal(stdout, "append: ok\nappend: ok\n");
      assert.equal(fs.readFileSync(path, "utf8"), "Xontent");
    }
  }));

describe("--allow-read=PATH", () => {
  test("shows that and what is below, with the links between them", () =>
    withDirectory((directory) => {
      const shown = join(directory, "shown");
      fs.mkdirSync(join(shown, "sub"), { recursive: true });
      fs.writeFileSync(join(shown, "sub/file"), "inside");
      fs.writeFileSync(join(directory, "single"), "single");
      fs.writeFileSync(join(directory, "secret"), "secret");
      fs.symlinkSync("sub/file", join(shown, "relative"));
      fs.symlinkSync(join(shown, "sub"), join(shown, "absolute"));
      fs.symlinkSync("../single", join(shown, "to-single"));
      fs.symlinkSync("../secret", join(shown, "to-secret"));
      fs.symlinkSync(join(directory, "secret"), join(shown, "absolute-secret"));
      fs.symlinkSync("/", join(shown, "root"));
      fs.symlinkSync("shown", join(directory, "alias"));
      const read = [shown, join(directory, "single")];
      const reading = (path: string): string => on(read, "read", path)[0] ?? "";
      for (const path of ["sub/file", "relative", "absolute/file", "sub/../relative", "./sub//file"]) {
        assert.equal(reading(`${shown}/${path}`), "read: inside", path);
      }
      assert.equal(reading(join(directory, "single")), "read: single");
      assert.equal(reading(join(shown, "to-single")), "read: single");
      assert.equal(reading(join(shown, "absent")), "read: No such file or directory");
      for (const path of [
        `${directory}/secret`,
        `${shown}/to-secret`,
        `${shown}/absolute-secret`,
        `${shown}/../secret`,
        `${shown}/sub/../../secret`,
        `${shown}/root/etc/passwd`,
        `${directory}/singleton`,
        `${directory}/absent`,
        `${directory}/alias/sub/file`,
        "/etc/passwd",
        `/proc/self/root${directory}/secret`,
      ]) {
        assert.equal(reading(path), `read: ${DENIED}`, path);
      }
      assert.deepEqual(on(read, "list", shown, "list", directory, "list", "/", "stat", directory), [
        "list: 1 0",
        `list: ${DENIED}`,
        `list: ${DENIED}`,
        `stat: ${DENIED}`,
      ]);
    }));

  test("of /proc shows processes, but not through their links", () => {
    const ns = fs.statSync("/proc/self/ns/mnt");
    const commands = [
      "read",
      "/proc/self/comm",
      "stat",
      "/proc/self/ns/mnt",
      "below",
      "/proc/self",
      "list",
      "/proc",
    ];
    assert.deepEqual(on(["/proc"], ...commands), [
      `read: ${fs.readFileSync("/proc/self/comm", "latin1").trim()}`,
      `stat: 0 ${ns.ino}`,
      "below: ok",
      "list: 1 1",
    ]);
    for (const path of [
      "root/etc/passwd",
      "cwd",
      "exe",
      "fd/0",
      `task/${process.pid}/root`,
      "../../etc/passwd",
    ]) {
      assert.deepEqual(on(["/proc"], "size", `/proc/self/${path}`), [`size: ${DENIED}`], path);
    }
    assert.match(on(["/proc"], "readlink", "/proc/self/exe")[0] ?? "", /^readlink: \//);
  });
});

describe("without --allow-read", () => {
  test("a guest of version 2 reads nothing, and one line says what it needs", () => {
    const { stdout, stderr } = runWith(false, [
      "read",
      "/etc/passwd",
      "list",
      "/",
      "stat",
      "/",
      "stat",
      "/no\nsuch",
    ]);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      `read: ${DENIED}`,
      `list: ${DENIED}`,
      `stat: ${DENIED}`,
      `stat: ${DENIED}`,
    ]);
    assert.equal(
      stderr,
      "wasm-bpf: The guest wants to read /etc/passwd, which needs --allow-read or --allow-read=/etc/passwd\n",
    );
  });
});

test("permissions hold in a thread of its own, too", async () => {
  let stdout = "";
  let stderr = "";
  const { status } = startModule(version2, {
    args: ["guest.wasm", "read", "/proc/self/comm", "read", "/etc/passwd"],
    permissions: { read: ["/proc"] },
    stdout: (bytes) => {
      stdout += new TextDecoder().decode(bytes);
    },
    stderr: (bytes) => {
      stderr += new TextDecoder().decode(bytes);
    },
  });
  assert.equal(await status, 0);
  assert.equal(stdout, `read: ${fs.readFileSync("/proc/self/comm", "latin1")}read: ${DENIED}\n`);
  assert.match(stderr, /^wasm-bpf: .* --allow-read=\/etc\/passwd\n$/);
});

describe("reads that wait", () => {
  /** Starts a guest that opens a path and reads once, and interrupts it. */
  async function interrupted(path: string, whenReading: () => void): Promise<CliProcess> {
    const file = join(fs.mkdtempSync("/tmp/abi-v2-files-"), "guest.wasm");
    try {
      fs.writeFileSync(file, version1);
      const run = new CliProcess(["--allow-read", file, "first", path]);
      await run.until((stdout) => stdout.startsWith("opened\n"));
      whenReading();
      return run;
    } finally {
      fs.rmSync(join(file, ".."), { recursive: true });
    }
  }

  test("of a named pipe wait for its writer, and end with a signal", () =>
    withDirectory(async (directory) => {
      const pipe = join(directory, "pipe");
      execFileSync("mkfifo", [pipe]);
      const served = await interrupted(pipe, () => fs.writeFileSync(pipe, "late"));
      assert.equal(await served.ended(), 0);
      assert.equal(served.stdout, "opened\nfirst: late\n");
      const lonely = await interrupted(pipe, () => {});
      lonely.kill("SIGINT");
      assert.equal(await lonely.ended(), 0);
      assert.equal(lonely.stdout, "opened\nfirst: Interrupted system call\n");
    }));
});
