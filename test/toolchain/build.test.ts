import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BuildError, type BuildOptions, buildProject } from "../../src/toolchain/index.ts";
import { withDirectory } from "../support/compile.ts";
import { runCli } from "../support/guest.ts";

/** The part of the engine's interface used here; Node's types for version 20 do not declare it. */
interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: {
    new (bytes: Uint8Array): object;
    exports(module: object): { readonly name: string }[];
    customSections(module: object, name: string): ArrayBuffer[];
  };
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Engine };

const BPF = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"
const volatile int level = LEVEL;
int count;
SEC("raw_tp/sys_enter") int enter(void *ctx) { count += level; return 0; }
char LICENSE[] SEC("license") = "GPL";
`;

const guest = (skeleton: string): string => `#include <stdio.h>
#include "shared.h"
#include "${skeleton}.skel.h"
int main(void) { printf("%d\\n", LEVEL); return 0; }
`;

/** A project called NAME in `directory`; its skeleton header is what the guest includes. */
function writeProject(directory: string, name: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "shared.h"), "#define LEVEL 3\n");
  writeFileSync(join(directory, `${name}.bpf.c`), BPF);
  writeFileSync(join(directory, `${name}.c`), guest(name));
}

/** Builds and tells what was made and what the compilers said. */
async function build(
  path: string,
  options: BuildOptions = {},
): Promise<{ built: string[]; diagnostics: string }> {
  const built: string[] = [];
  let diagnostics = "";
  await buildProject(path, options, {
    step: (step) => {
      if (step.built) built.push(step.product.replace(/^\.build\//, ""));
    },
    diagnostics: (text) => {
      diagnostics += text;
    },
  });
  return { built, diagnostics };
}

const ALL = ["app.bpf.o", "app.skel.h", "app.o", "app.wasm"];

test("only what changed is made again", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    const file = (name: string): string => join(directory, name);
    assert.deepEqual(await build(directory), { built: ALL, diagnostics: "" });
    const module = readFileSync(file("app.wasm"));
    assert.ok(WebAssembly.validate(module));
    assert.deepEqual((await build(directory)).built, []);

    utimesSync(file("app.c"), new Date(), new Date());
    assert.deepEqual((await build(directory)).built, [], "a new time is no change");
    appendFileSync(file("app.c"), "/* more */\n");
    assert.deepEqual((await build(directory)).built, ["app.o"], "the object is the same, so the module is");
    appendFileSync(file("shared.h"), "#undef LEVEL\n#define LEVEL 4\n");
    assert.deepEqual((await build(directory)).built, ALL, "both halves include the header");
    writeFileSync(file("other.h"), "");
    assert.deepEqual(
      (await build(directory)).built,
      ["app.bpf.o", "app.o", "app.wasm"],
      "it could hide another",
    );

    rmSync(file("app.wasm"));
    assert.deepEqual((await build(directory)).built, ["app.wasm"]);
    writeFileSync(file("app.wasm"), "damaged");
    assert.deepEqual((await build(directory)).built, ["app.wasm"]);
    writeFileSync(file(".build/state.json"), "{");
    assert.deepEqual((await build(directory)).built, ["app.bpf.o", "app.o", "app.wasm"]);
    rmSync(file(".build"), { recursive: true });
    assert.deepEqual((await build(directory)).built, ALL);
  });
});

test("a compiler that is missing, too old or without its linker is said with the remedy", async () => {
  await withDirectory(async (directory) => {
    const project = join(directory, "project");
    writeProject(project, "app");
    const clang = join(directory, "clang");
    const refused = async (version: number | undefined, environment: NodeJS.ProcessEnv, message: RegExp) => {
      if (version !== undefined) {
        writeFileSync(clang, `#!/bin/sh\necho "clang version ${version}.0.6"\n`, { mode: 0o755 });
      }
      await assert.rejects(buildProject(project, { environment }), { code: "TOOLCHAIN", message });
    };
    const PATH = directory;
    await refused(
      undefined,
      { PATH },
      /^clang 14 or newer is not installed\. Run: sudo apt-get install clang-\d+ /,
    );
    await refused(13, { PATH }, /^clang 14 or newer is not installed/);
    await refused(
      14,
      { PATH },
      /^clang 16 or newer is not installed\. Run: sudo apt-get install clang-\d+ lld-\d+$/,
    );
    await refused(
      17,
      { PATH },
      /^the linker for WebAssembly of clang 17 is not installed\. Run: sudo apt-get install lld-17$/,
    );
    await refused(
      14,
      { PATH, CLANG: clang },
      /^CLANG is ".*", which is too old for guests: .* Unset it, or /,
    );
  });
});

test("colours do not make anything again", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    await build(directory, { colour: true });
    assert.deepEqual((await build(directory)).built, []);
  });
});

test("the same sources give the same module", async () => {
  const modules: Buffer[] = [];
  for (let i = 0; i < 2; i++) {
    await withDirectory(async (directory) => {
      writeProject(join(directory, "same"), "app");
      await build(join(directory, "same"));
      modules.push(readFileSync(join(directory, "same/app.wasm")));
    });
  }
  assert.deepEqual(modules[0], modules[1]);
});

test("the module has what the host needs, names for traps included", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    for (const wasm32 of [false, true]) {
      await build(directory, { wasm32 });
      const module = new WebAssembly.Module(readFileSync(join(directory, "app.wasm")));
      const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
      const sections = (name: string): number[][] =>
        WebAssembly.Module.customSections(module, name).map((bytes) => [...new Uint8Array(bytes)]);
      assert.ok(exported.includes("memory") && exported.includes("_start"), exported.join());
      // Only with version 1 the host calls back.
      assert.equal(exported.includes("__indirect_function_table"), wasm32);
      assert.deepEqual(sections("wasm_bpf.abi"), wasm32 ? [] : [[2, 0, 0, 0]]);
      assert.equal(sections("name").length, 1);
      assert.equal(sections(".debug_info").length, 0);
    }
  });
});

test("programs of one directory share what they use of its other files", async () => {
  await withDirectory(async (directory) => {
    for (const name of ["one", "two"]) writeProject(directory, name);
    const uses = (program: string, call: string): void =>
      writeFileSync(
        join(directory, `${program}.c`),
        `#include "${program}.skel.h"\nint ${call}(void);\nint main(void) { return ${call}(); }\n`,
      );
    uses("one", "first_helper");
    uses("two", "second_helper");
    // What nobody calls may need what nobody has.
    writeFileSync(
      join(directory, "first.c"),
      '#include <stdio.h>\nint first_helper(void) { return puts("FIRST"); }\n',
    );
    writeFileSync(
      join(directory, "second.c"),
      '#include <stdio.h>\nint nowhere(void);\nint second_helper(void) { return puts("SECOND"); }\nint unused(void) { return nowhere(); }\n',
    );
    const { built } = await build(directory);
    assert.deepEqual(
      built.filter((product) => /^(first|second)\.o$/.test(product)),
      ["first.o", "second.o"],
    );
    const texts = (program: string): boolean[] => {
      const module = readFileSync(join(directory, `${program}.wasm`), "latin1");
      return [module.includes("FIRST"), module.includes("SECOND")];
    };
    assert.deepEqual(
      [texts("one"), texts("two")],
      [
        [true, false],
        [false, true],
      ],
    );
    uses("two", "first_helper");
    assert.deepEqual((await build(directory)).built, ["two.o", "two.wasm"]);
    assert.deepEqual(texts("two"), [true, false]);
  });
});

test("the files of a module can be named", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    writeProject(directory, "other");
    mkdirSync(join(directory, "lib"));
    writeFileSync(join(directory, "lib/helper.c"), "int helper(void) { return 7; }\n");
    writeFileSync(join(directory, "app.c"), "int helper(void);\nint main(void) { return helper(); }\n");
    const files = ["app.bpf.c", "app.c", "lib/helper.c"].map((file) => join(directory, file));
    const built: string[] = [];
    const observer = {
      step: (step: { product: string; built: boolean }) => void (step.built && built.push(step.product)),
    };
    assert.deepEqual(await buildProject(files, {}, observer), ["app.wasm"]);
    assert.deepEqual(built.splice(0), [
      ".build/app.bpf.o",
      ".build/app.skel.h",
      ".build/app.o",
      ".build/lib_helper.o",
      "app.wasm",
    ]);
    await buildProject(files, {}, observer);
    assert.deepEqual(built, []);
    assert.ok(!existsSync(join(directory, "other.wasm")));
  });
});

for (const name of [
  "my app",
  "-c",
  "it's",
  'quo"te',
  "$(touch pwned)",
  "`id`",
  "a;b&c|d",
  "@file",
  "ünï",
  "#x",
  "%s",
  "*",
]) {
  test(`a project called ${name} is built, and nothing is executed`, async () => {
    await withDirectory(async (directory) => {
      const project = join(directory, "-dir $(touch pwned)");
      writeProject(project, name);
      writeFileSync(join(project, `${name}.c`), guest(name).replaceAll('quo"te.skel.h"', 'app.skel.h"'));
      // A quote cannot stand in an #include.
      if (name.includes('"')) writeFileSync(join(project, `${name}.c`), "int main(void) { return 0; }\n");
      await build(project);
      assert.ok(WebAssembly.validate(readFileSync(join(project, `${name}.wasm`))));
      assert.deepEqual((await build(project)).built, []);
      for (const place of [project, directory, "."]) assert.ok(!existsSync(join(place, "pwned")));
    });
  });
}

test("compiler errors are shown as the compiler prints them, and the build goes on after the correction", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    await build(directory);
    for (const source of ["app.bpf.c", "app.c"]) {
      const before = readFileSync(join(directory, source));
      appendFileSync(join(directory, source), "int broken = ;\n");
      let diagnostics = "";
      const failed = buildProject(
        directory,
        {},
        {
          diagnostics: (text) => {
            diagnostics += text;
          },
        },
      );
      await assert.rejects(failed, (error) => error instanceof BuildError && error.subject === source);
      assert.match(diagnostics, new RegExp(`\\./${source}:\\d+:14: error: expected expression`));
      writeFileSync(join(directory, source), before);
      assert.ok((await build(directory)).built.length > 0);
    }
  });
});

test("a program that cannot be built does not keep the others from being", async () => {
  await withDirectory(async (directory) => {
    for (const name of ["a", "b", "c", "d", "e"]) writeProject(directory, name);
    const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
    write("a.bpf.c", `${BPF}int broken = ;\n`);
    write("c.c", `${guest("c")}int broken = ;\n`);
    write("d.c", "int absent(void);\nint main(void) { return absent(); }\n");
    const modules = (): string[] => readdirSync(directory).filter((file) => file.endsWith(".wasm"));
    const failed = await runCli(["build", directory]);
    assert.equal(failed.status, 1);
    assert.deepEqual(modules(), ["b.wasm", "e.wasm"]);
    const said = failed.stderr.split("\n").filter((line) => /^cannot build |could not be built/.test(line));
    assert.deepEqual(said, [
      "cannot build a.bpf.c: the messages above say why",
      "cannot build c.c: the messages above say why",
      "cannot build d.wasm: the messages above say why",
      "3 of 5 programs could not be built: a, c, d",
    ]);
    assert.ok(failed.stderr.endsWith(`${said.at(-1)}\n`), failed.stderr);

    write("a.bpf.c", BPF);
    for (const name of ["c", "d"]) write(`${name}.c`, guest(name));
    assert.equal((await runCli(["build", directory])).status, 0);
    assert.deepEqual(modules(), ["a.wasm", "b.wasm", "c.wasm", "d.wasm", "e.wasm"]);

    // What all of them share is told once.
    write("helper.c", "int broken = ;\n");
    const helper = await runCli(["build", directory]);
    assert.equal(helper.status, 1);
    assert.equal(helper.stderr.match(/expected expression/g)?.length, 1);
    assert.match(
      helper.stderr,
      /helper\.c: the messages above say why\n5 of 5 programs .*: a, b, c, d, e\n$/,
    );
  });
});

test("neither does a project", async () => {
  await withDirectory(async (directory) => {
    const [good, bad] = [join(directory, "good"), join(directory, "bad")];
    for (const path of [good, bad]) writeProject(path, "app");
    writeFileSync(join(bad, "app.c"), "int broken = ;\n");
    const absent = join(directory, "absent");
    const { status, stderr } = await runCli(["build", bad, absent, good]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /cannot build app\.c: the messages above say why\nwasm-bpf: cannot build ".*absent"/,
    );
    assert.ok(stderr.endsWith(`2 of 3 projects could not be built: ${bad}, ${absent}\n`), stderr);
    assert.ok(existsSync(join(good, "app.wasm")));
  });
});

test("warnings are shown and are no failure", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    appendFileSync(join(directory, "app.c"), "static int unused;\n");
    const { built, diagnostics } = await build(directory);
    assert.deepEqual(built, ALL);
    assert.match(diagnostics, /warning: unused variable/);
  });
});

test("an undefined function is a message of the linker", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    writeFileSync(join(directory, "app.c"), "int missing(void);\nint main(void) { return missing(); }\n");
    await assert.rejects(
      build(directory),
      (error) => error instanceof BuildError && error.subject === "app.wasm",
    );
  });
});

test("what is not installed is said with the command that installs it", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory, "app");
    const environment = { PATH: directory };
    await assert.rejects(
      build(directory, { environment }),
      /clang 14 or newer is not installed. Run: sudo apt-get install clang-19 /,
    );
    await assert.rejects(
      build(directory, { environment: { PATH: directory, CLANG: "gcc" } }),
      /CLANG is "gcc"/,
    );
    const sdk = { ...process.env, WASI_SDK_PATH: directory };
    await assert.rejects(build(directory, { environment: sdk, wasm32: true }), /WASI_SDK_PATH is /);
  });
});

test("vmlinux.h comes from the running kernel, or from a file", async () => {
  await withDirectory(async (directory) => {
    writeFileSync(
      join(directory, "app.bpf.c"),
      `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
SEC("raw_tp/sys_enter") int enter(struct bpf_raw_tracepoint_args *ctx) { return ctx->args[0] == 1; }
char LICENSE[] SEC("license") = "GPL";
`,
    );
    assert.deepEqual((await build(directory)).built, ["vmlinux.h", "app.bpf.o", "app.skel.h"]);
    assert.deepEqual((await build(directory)).built, []);
    rmSync(join(directory, ".build/vmlinux.h"));
    assert.deepEqual((await build(directory)).built, ["vmlinux.h"]);
    rmSync(join(directory, ".build"), { recursive: true });
    for (const [path, reason] of [
      ["/nonexistent", 'cannot read "/nonexistent": there is no such file'],
      ["/etc/passwd", "/etc/passwd: it is neither BTF nor an ELF file nor a kernel"],
    ] as const) {
      const { status, stderr } = await runCli(["build", "--btf", path, directory]);
      assert.deepEqual([status, stderr], [1, `wasm-bpf: ${reason}\n`]);
    }
  });
});
