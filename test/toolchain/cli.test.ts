import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commands } from "../../src/cli/commands.ts";
import { clang, withDirectory } from "../support/compile.ts";
import { compileGuest } from "../support/guest.ts";
import { recordsObject } from "../support/records-object.ts";
import { testdata, testdataPath } from "../support/testdata.ts";

const program = fileURLToPath(new URL("../../../bin/wasm-bpf", import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], directory = "/"): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return { status, stdout, stderr };
}

/** One line that says `reason`, nothing on standard output, status 1. */
function assertOneLine(outcome: Outcome, reason: RegExp): void {
  assert.match(outcome.stderr, reason);
  assert.match(outcome.stderr, /^wasm-bpf: [^\n]+\n$/);
  assert.equal(outcome.stdout, "");
  assert.equal(outcome.status, 1);
}

const dumpC = (file: string): string[] => ["btf", "dump", "file", file, "format", "c"];

test("bad input gives one clear line and status 1", async () => {
  await withDirectory((directory) => {
    const file = (name: string, content: Uint8Array | string): string => {
      writeFileSync(join(directory, name), content);
      return join(directory, name);
    };
    const whole = testdata("maps.bpf.o");
    const truncated = file("truncated.bpf.o", whole.subarray(0, 1000));
    const empty = file("empty", "");
    for (const command of [
      (path: string) => ["disasm", path],
      (path: string) => ["gen", "skeleton", path],
      dumpC,
      (path: string) => [...dumpC(path), "-j"],
    ]) {
      assertOneLine(run(command(truncated)), /truncated\.bpf\.o: .* needs/);
      assertOneLine(run(command(empty)), /empty: /);
      assertOneLine(run(command("/etc/passwd")), /\/etc\/passwd: .*ELF/);
      assertOneLine(run(command("/nonexistent")), /cannot read "\/nonexistent": there is no such file/);
      assertOneLine(run(command("/tmp")), /cannot read "\/tmp": it is a directory/);
    }
    assertOneLine(run(["gen", "skeleton", testdataPath("maps.be.bpf.o")]), /big-endian/);
    assertOneLine(run(dumpC(testdataPath("no-btf.bpf.o"))), /no section \.BTF/);
    assertOneLine(run([...dumpC(testdataPath("maps.bpf.o")), "root_id", "99999"]), /there is no type 99999/);
    assertOneLine(run(["build", directory]), /nothing to build/);
    assertOneLine(run(["build", "/nonexistent"]), /there is no such directory/);
    // Counts that promise more than the file has.
    const gigantic = whole.slice();
    new DataView(gigantic.buffer).setUint16(60, 0xffff, true);
    assertOneLine(run(["gen", "skeleton", file("gigantic.bpf.o", gigantic)]), /gigantic/);
  });
});

test("a wrong command line has status 2 and says how it goes", () => {
  for (const args of [
    ["gen"],
    ["gen", "nothing"],
    ["gen", "skeleton"],
    ["gen", "skeleton", "a", "b"],
    ["gen", "skeleton", "a", "name"],
    ["gen", "skeleton", "a", "name", "no good"],
    ["gen", "skeleton", "a", "--format", "perl"],
    ["gen", "skeleton", "--nothing"],
    ["btf"],
    ["btf", "dump"],
    ["btf", "dump", "file", "a", "format", "perl"],
    ["btf", "dump", "file", "a", "root_id", "-1"],
    ["btf", "dump", "file", "a", "b", "c"],
    ["disasm"],
    ["disasm", "a", "b", "c"],
    ["disasm", "--nothing"],
    ["build", "--nothing"],
    ["build", "--btf"],
  ]) {
    const { status, stderr } = run(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^wasm-bpf: .+\nUsage: wasm-bpf /, args.join(" "));
  }
  for (const verb of ["gen", "btf", "build", "disasm"]) {
    const { status, stdout } = run([verb, "--help"]);
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: wasm-bpf /);
  }
});

test("gen skeleton: names, -j, JSON", async () => {
  const object = testdataPath("globals.bpf.o");
  const plain = run(["gen", "skeleton", object]);
  assert.match(plain.stdout, /^struct globals_bpf \{$/m);
  assert.deepEqual(run(["gen", "skeleton", "-j", object]), plain);
  assert.match(run(["gen", "skeleton", object, "name", "other"]).stdout, /^struct other \{$/m);
  const description = JSON.parse(run(["gen", "skeleton", object, "--format", "json"]).stdout);
  assert.equal(description.name, "globals_bpf");
  assert.deepEqual(
    description.maps.map((map: { name: string }) => map.name),
    [".rodata", ".data", ".data.custom", ".data.private", ".bss"],
  );
  await withDirectory((directory) => {
    const long = `${"long".repeat(40)}.bpf.o`;
    writeFileSync(join(directory, long), testdata("globals.bpf.o"));
    assert.match(
      run(["gen", "skeleton", long], directory).stdout,
      new RegExp(`^struct ${"long".repeat(40)}_bpf \\{$`, "m"),
    );
  });
});

test("btf dump: the raw listing is bpftool's, for an object and for the kernel", () => {
  for (const file of [testdataPath("maps.bpf.o"), testdataPath("externs.bpf.o"), "/sys/kernel/btf/vmlinux"]) {
    const { stdout, status, error } = spawnSync("bpftool", ["btf", "dump", "file", file, "format", "raw"], {
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    if (error !== undefined) throw error;
    assert.equal(status, 0);
    assert.ok(run(["btf", "dump", "file", file, "format", "raw"]).stdout === stdout, `${file} differs`);
  }
});

test("disasm: symbols, source lines, CO-RE accesses, one program or all", () => {
  const object = testdataPath("subprograms.bpf.o");
  const all = run(["disasm", object]).stdout;
  assert.match(
    all,
    /^program first, section "raw_tp\/sys_enter", \d+ instructions\nfirst:\n; @ subprograms\.bpf\.c:60\n/,
  );
  assert.match(all, /call 0x[0-9a-f]+ <global_sum>$/m);
  assert.match(all, /call 0x23 <bpf_get_current_task>$/m);
  assert.match(all, /ll <\.bss total>$/m);
  assert.match(all, /ll <map numbers>$/m);
  assert.match(all, /<CO-RE task_struct 0:0>$/m);
  const second = run(["disasm", object, "second"]).stdout;
  assert.match(second, /^program second, /);
  assert.ok(all.includes(second));
  assertOneLine(run(["disasm", object, "nobody"]), /no program nobody; it has: first, second/);
});

test("disasm: the objects in a module; names cannot control a terminal", async () => {
  await withDirectory((directory) => {
    const path = join(directory, "input");
    writeFileSync(
      path,
      compileGuest("int main(void) { return load(PTR(object), object_size); }", recordsObject()),
    );
    const { stdout, status } = run(["disasm", path]);
    assert.equal(status, 0);
    assert.match(stdout, /^program \w+, section "/);
    // The name of a program as its author wrote it, of the same length.
    const bytes = Buffer.from(testdata("subprograms.bpf.o"));
    for (let at = bytes.indexOf("second\0"); at >= 0; at = bytes.indexOf("second\0", at + 1)) {
      bytes.write("\x1b[2J\x07\x1b", at, "latin1");
    }
    writeFileSync(path, bytes);
    assert.match(run(["disasm", path]).stdout, /^program \?\[2J\?\?, /m);
    const json = JSON.parse(run(["disasm", "--json", path]).stdout);
    assert.ok(json.programs.some((each: { program: string }) => each.program === "\x1b[2J\x07\x1b"));
    assertOneLine(run(["disasm", path, "no\nbody"]), /no program no\?body; it has: first, \?\[2J\?\?/);
    assertOneLine(run(["inspect", join(directory, "no\nsuch")]), /no\?such": there is no such file/);
  });
});

/** Names of all members, those of objects whose members are data left out. */
function memberNames(value: unknown, data: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => memberNames(item, data));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    name,
    ...(data.includes(name) ? [] : memberNames(inner, data)),
  ]);
}

test("every member of the JSON that a command prints is on its page", async () => {
  const [object, other, core] = ["globals.bpf.o", "struct-ops.bpf.o", "core.bpf.o"].map(testdataPath);
  await withDirectory((directory) => {
    const path = join(directory, "module.wasm");
    writeFileSync(
      path,
      compileGuest("int main(void) { return load(PTR(object), object_size); }", recordsObject()),
    );
    const commandLines = [object, other, core].flatMap((file = "") => [
      ["inspect", "--json", file],
      ["check", "--json", file],
      ["disasm", "--json", file],
      ["gen", "skeleton", "--json", file],
      ["btf", "dump", "--json", "file", file],
      ["btf", "diff", "--json", "--functions", testdataPath("maps.bpf.o"), file],
    ]);
    for (const args of [...commandLines, ["inspect", "--json", path], ["check", "--json", path]]) {
      const spec =
        commands.find(({ name }) => args.join(" ").startsWith(name)) ?? assert.fail(args.join(" "));
      const words = new Set(spec.json?.match(/\w+/g));
      const printed = JSON.parse(run(args).stdout);
      const names = memberNames(printed, ["imports", "customSections", "build"]);
      assert.ok(names.length > 3, args.join(" "));
      assert.deepEqual(
        [...new Set(names)].filter((name) => !words.has(name)),
        [],
        args.join(" "),
      );
    }
  });
});

test("btf dump: C in the order of bpftool's unsorted output", () => {
  const names = (words: readonly string[]): string[] => {
    const { stdout } = run(["btf", "dump", "file", testdataPath("map-kinds.bpf.o"), "format", "c", ...words]);
    return [...stdout.matchAll(/^struct (\w+) \{$/gm)].map(([, name = ""]) => name);
  };
  const [unsorted, sorted] = [names(["unsorted"]), names([])];
  assert.deepEqual(sorted, [...sorted].sort());
  assert.deepEqual([...unsorted].sort(), sorted);
  assert.notDeepEqual(unsorted, sorted);
  assert.equal(run(["btf", "dump", "file", "vmlinux", "unsorted"]).status, 2);
});

test("btf dump: one type and what it needs", async () => {
  const id =
    /^\[(\d+)\] STRUCT 'task_struct'/m.exec(run(["btf", "dump", "file", "vmlinux"]).stdout)?.[1] ?? "";
  const { stdout, stderr } = run(["btf", "dump", "file", "vmlinux", "format", "c", "-j", "root_id", id]);
  assert.equal(stderr, "");
  assert.match(stdout, /^struct task_struct \{$/m);
  assert.doesNotMatch(stdout, /^struct sk_buff \{$/m);
  await withDirectory((directory) => {
    writeFileSync(join(directory, "test.c"), `${stdout}struct task_struct task;\n`);
    const args = ["--target=wasm32-wasi", "-nostdlibinc", "-Wno-pragma-once-outside-header", "-fsyntax-only"];
    assert.equal(spawnSync(clang, [...args, join(directory, "test.c")], { encoding: "utf8" }).stderr, "");
  });
});

test("btf dump: a reader that goes away is no error", () => {
  const shell = `"$0" "$1" btf dump file vmlinux format raw | head -n 1`;
  const { stdout, stderr } = spawnSync("sh", ["-c", shell, process.execPath, program], { encoding: "utf8" });
  assert.match(stdout, /^\[1\] /);
  assert.equal(stderr, "");
});

test("build: progress, up to date, errors as the compiler prints them and then one line", async () => {
  await withDirectory((directory) => {
    const project = join(directory, "-a 'project'");
    mkdirSync(project);
    writeFileSync(
      join(project, "app.bpf.c"),
      '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\nint count;\n',
    );
    writeFileSync(join(project, "app.c"), '#include "app.skel.h"\nint main(void) { return 0; }\n');
    const first = run(["build", "--", "-a 'project'"], directory);
    assert.equal(first.status, 0, first.stderr);
    for (const product of [".build/app.bpf.o", ".build/app.skel.h", ".build/app.o", "app.wasm"]) {
      assert.match(
        first.stderr,
        new RegExp(`^${product.replaceAll(".", "\\.")} +[0-9.]+ s +[0-9.]+ k?B$`, "m"),
      );
    }
    assert.match(first.stderr, /\napp\.wasm: built in [0-9.]+ s\n$/);
    assert.equal(run(["build"], project).stderr, "app.wasm: up to date\n");
    const twice = run(["build", ".", "app.bpf.c", "nowhere", "."], project);
    assert.equal(twice.status, 1);
    assert.match(
      twice.stderr,
      /^(app\.wasm: up to date\n){2}wasm-bpf: cannot build "nowhere"[^\n]+\napp\.wasm: up to date\n1 of 4 projects could not be built: nowhere\n$/,
    );
    assert.equal(readFileSync(join(project, ".build/.gitignore"), "utf8"), "*\n");

    appendFileSync(join(project, "app.c"), "/* again */ int more;\n");
    const verbose = run(["build", "--verbose", "app.bpf.c"], project);
    assert.match(verbose.stderr, /^\S*clang\S* .*--target=wasm64-wasi .*-c \.\/app\.c /m);
    const old = run(["build", "--wasm32", "--verbose", "app.bpf.c"], project);
    assert.match(old.stderr, /^\S*clang\S* .*--target=wasm32-wasi .*-c \.\/app\.c /m);
    assert.match(run(["build", "app.bpf.c", "app.c"], project).stderr, /^app\.wasm: built/m);

    appendFileSync(join(project, "app.c"), "int broken = ;\n");
    const failed = run(["build"], project);
    assert.equal(failed.status, 1);
    assert.match(
      failed.stderr,
      /^\.\/app\.c:4:14: error: expected expression\n[\s\S]*\n1 error generated\.\ncannot build app\.c: [^\n]+\n$/,
    );
  });
});
