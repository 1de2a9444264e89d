import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withDirectory } from "../support/compile.ts";
import { cli, compileGuest, runCli } from "../support/guest.ts";
import { recordsObject } from "../support/records-object.ts";

const guest = compileGuest(`
int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("[%s]", argv[i]);
  printf("%s\\n", getenv("GREETING") ? getenv("GREETING") : "");
  int byte = getchar();
  return byte == EOF ? 0 : byte;
}
`);
const foreign = compileGuest(`
IMPORT("env", "missing_one") int missing_one(void);
IMPORT("env", "missing_two") int missing_two(void);
int main(void) { return missing_one() + missing_two(); }
`);
const older = compileGuest(`
IMPORT("wasm_bpf_2", "system_gone") int gone(void);
int main(void) { return gone(); }
`);
const mistyped = compileGuest(`
IMPORT("wasi_snapshot_preview1", "fd_sync") int wrong(int a, int b);
int main(void) { return wrong(1, 2); }
`);

function withFiles(body: (directory: string, module: string) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    const module = join(directory, "guest.wasm");
    writeFileSync(module, guest);
    writeFileSync(join(directory, "foreign.wasm"), foreign);
    writeFileSync(join(directory, "older.wasm"), older);
    writeFileSync(join(directory, "mistyped.wasm"), mistyped);
    writeFileSync(join(directory, "text.wasm"), "hello");
    writeFileSync(join(directory, "empty.wasm"), "");
    writeFileSync(join(directory, "cut.wasm"), guest.subarray(0, guest.length / 2));
    copyFileSync("/bin/true", join(directory, "elf.wasm"));
    await body(directory, module);
  });
}

describe("wasm-bpf", () => {
  test("passes everything after MODULE to the guest", () =>
    withFiles(async (_directory, module) => {
      const { stdout, status } = await runCli([module, "-h", "--verbose", "-d", "50", "--"]);
      assert.deepEqual([stdout, status], [`[${module}][-h][--verbose][-d][50][--]\n`, 0]);
    }));

  test("run is the same, and reaches a file that is named like a command", () =>
    withFiles(async (directory, module) => {
      assert.equal((await runCli(["run", module, "x"])).stdout, `[${module}][x]\n`);
      copyFileSync(module, join(directory, "gen"));
      const { stdout } = await runCli(["run", join(directory, "gen")]);
      assert.equal(stdout, `[${join(directory, "gen")}]\n`);
    }));

  test("reads the module from standard input", async () => {
    assert.deepEqual(await runCli(["-", "x"], guest), { status: 0, stdout: "[-][x]\n", stderr: "" });
  });

  test("connects standard input and passes variables", () =>
    withFiles(async (_directory, module) => {
      assert.equal((await runCli([module], "A")).status, 65);
      assert.equal((await runCli(["--env", "GREETING=hi", module])).stdout, `[${module}]hi\n`);
      assert.equal((await runCli(["--env=GREETING=", module])).stdout, `[${module}]\n`);
    }));

  test("prints help and version", async () => {
    const help = await runCli(["--help"]);
    assert.equal(help.status, 0);
    assert.match(help.stdout, /^Usage: wasm-bpf \[options\] MODULE/);
    for (const option of [
      "--dir",
      "--env",
      "-m, --wrapper-module-name",
      "-c, --callback-export-name",
      "--verbose",
    ]) {
      assert.ok(help.stdout.includes(option), option);
    }
    assert.match((await runCli(["--version"])).stdout, /^wasm-bpf \d+\.\d+\.\d+\n$/);
  });

  /** One line on standard error and nothing else. */
  const failures: readonly (readonly [
    title: string,
    args: readonly string[],
    status: number,
    message: RegExp,
  ])[] = [
    ["no module", [], 2, /which module\?/],
    ["an unknown option", ["--verbos", "x.wasm"], 2, /unknown option --verbos, did you mean --verbose\?/],
    ["an unknown short option", ["-x"], 2, /unknown option -x/],
    ["a missing value", ["--dir"], 2, /option --dir needs a value/],
    ["a value too much", ["--verbose=1"], 2, /option --verbose takes no value/],
    ["an empty directory name", ["--dir", "::/x", "x"], 2, /give it as HOST or HOST::GUEST/],
    [
      "a missing file",
      ["/nonexistent/x.wasm"],
      1,
      /cannot read "\/nonexistent\/x\.wasm": there is no such file/,
    ],
    ["a mistyped command", ["biuld"], 1, /Did you mean the command "build"\?/],
    ["a directory", ["/tmp"], 1, /cannot read "\/tmp": it is a directory/],
    ["text", ["DIR/text.wasm"], 1, /text\.wasm: This is not a WebAssembly module/],
    ["an empty file", ["DIR/empty.wasm"], 1, /empty\.wasm: The file is empty/],
    ["an ELF file", ["DIR/elf.wasm"], 1, /elf\.wasm: This is an ELF file, not a WebAssembly module/],
    ["half a module", ["DIR/cut.wasm"], 1, /cut\.wasm: The WebAssembly module is damaged/],
    [
      "missing imports",
      ["DIR/foreign.wasm"],
      1,
      /imports env\.missing_one, env\.missing_two, which this host does not have/,
    ],
    [
      "an import of another release",
      ["DIR/older.wasm"],
      1,
      /imports wasm_bpf_2\.system_gone, .*It was built by another release of wasm-bpf: build it again/,
    ],
    [
      "an import of another type",
      ["DIR/mistyped.wasm"],
      1,
      /fd_sync as \(i32, i32\) -> i32, the host has \(i32\) -> i32/,
    ],
    ["a missing --dir", ["--dir", "/nonexistent", "DIR/guest.wasm"], 1, /directory "\/nonexistent".*ENOENT/],
  ];
  for (const [title, args, status, message] of failures) {
    test(`explains ${title} in one line`, () =>
      withFiles(async (directory) => {
        mkdirSync(join(directory, "sub"));
        const result = await runCli(args.map((word) => word.replace("DIR", directory)));
        assert.equal(result.status, status);
        assert.equal(result.stdout, "");
        assert.match(result.stderr, message);
        assert.match(result.stderr, /^wasm-bpf: [^\n]+\n$/);
      }));
  }

  test("explains a directory as standard input in one line", () => {
    const directory = openSync("/", "r");
    const { status, stderr } = spawnSync(process.execPath, [cli, "-"], {
      encoding: "utf8",
      stdio: [directory, "pipe", "pipe"],
    });
    closeSync(directory);
    assert.deepEqual([status, stderr], [1, "wasm-bpf: cannot read standard input: it is a directory\n"]);
  });

  test("says in one sentence what it needs when it may not use BPF", () =>
    withFiles(async (directory) => {
      const loader = join(directory, "loader.wasm");
      const module = compileGuest(
        "int main(void) { return load(PTR(object), object_size) == 0; }",
        recordsObject(),
      );
      writeFileSync(loader, module);
      // Root without capabilities: it may read this project, wherever that is.
      const powerless = ["--bounding-set=-all", "--inh-caps=-all", process.execPath, cli, loader];
      const { status, stderr } = spawnSync("setpriv", powerless, { encoding: "utf8" });
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^wasm-bpf: Loading BPF programs needs root or [^\n]*sudo\.\n$/);
    }));
});
