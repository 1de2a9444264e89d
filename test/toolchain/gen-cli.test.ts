import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { check, sdk, withDirectory } from "../support/compile.ts";
import { testdata, testdataPath } from "../support/testdata.ts";
import { compileTypeScript } from "../support/typescript.ts";

const main = new URL("../../src/cli/main.js", import.meta.url).href;
const script = `process.exitCode = await (await import(${JSON.stringify(main)})).main(process.argv.slice(1));`;

function run(args: readonly string[], directory = "/"): { status: number | null; out: string; err: string } {
  const argv = ["--input-type=module", "-e", script, "--", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return { status, out: stdout, err: stderr };
}

function assertOneLine(args: readonly string[], reason: RegExp): void {
  const { status, out, err } = run(args);
  assert.match(err, reason);
  assert.match(err, /^wasm-bpf: [^\n]+\n$/);
  assert.deepEqual([out, status], ["", 1]);
}

test("gen bindings: every language, chosen types", async () => {
  const object = testdataPath("globals.bpf.o");
  await withDirectory((directory) => {
    for (const options of [["--json"], ["--json-library", "cjson"], []]) {
      writeFileSync(join(directory, "types.h"), run(["gen", "bindings", object, ...options]).out);
      writeFileSync(
        join(directory, "test.c"),
        '#include "types.h"\nint main(void) { return sizeof(struct pair) != 16; }\n',
      );
      if (!options.includes("cjson")) {
        assert.equal(check("wasm32", join(directory, "test.c"), "-I", sdk), "", options.join());
      }
      assert.equal(check("native", join(directory, "test.c"), "-I", sdk), "", options.join());
    }
    // Of struct_ops.bpf.o members are called like functions that bindings may bring along, and do not here.
    const bindings = [object, testdataPath("struct-ops.bpf.o"), testdataPath("core.bpf.o")].map((file, i) => [
      `types${i}.ts`,
      run(["gen", "bindings", file, "--lang", "ts", "--json"]).out,
    ]);
    assert.equal(compileTypeScript(directory, Object.fromEntries(bindings)), "");
    const one = run(["gen", "bindings", object, "--lang=json-schema", "--type", "struct pair"]);
    assert.equal(JSON.parse(one.out).$ref, "#/$defs/pair");
  });
});

test("gen header: types that nothing uses, macros, includes", async () => {
  await withDirectory((directory) => {
    writeFileSync(join(directory, "base.h"), "typedef unsigned long word_t;\n");
    writeFileSync(
      join(directory, "own.h"),
      "#include <base.h>\n#define LENGTH 3\nstruct own { word_t a[LENGTH]; };\nstruct empty {};\n",
    );
    const { status, out, err } = run(["gen", "header", "own.h", "-I", "."], directory);
    assert.deepEqual([status, err], [0, ""]);
    assert.match(out, /unsigned long long a\[3\];/);
    assert.match(out, /#ifndef LENGTH\n#define LENGTH 3\n#endif/);
    writeFileSync(join(directory, "made.h"), out);
    writeFileSync(join(directory, "test.c"), '#include "made.h"\nint main(void) { return LENGTH; }\n');
    assert.equal(check("wasm32", join(directory, "test.c")), "");
    assert.match(run(["gen", "header", "own.h", "--lang", "ts", "-I."], directory).out, /a: bigint\[\];/);
    writeFileSync(join(directory, "made.h"), run(["gen", "header", "own.h", "--json", "-I."], directory).out);
    assert.equal(
      check("native", join(directory, "test.c"), "-I", sdk),
      "",
      "an empty struct has no functions",
    );
  });
});

test("gen skeleton --format ts", async () => {
  const { status, out } = run([
    "gen",
    "skeleton",
    testdataPath("maps.bpf.o"),
    "--format",
    "ts",
    "name",
    "own",
  ]);
  assert.equal(status, 0);
  assert.match(out, /^export class own implements Disposable \{$/m);
  assert.match(out, /^import \{ .*BpfObject.* \} from "wasm-bpf\/ebpf";$/m);
});

test("bad input gives one clear line and status 1", async () => {
  await withDirectory((directory) => {
    const truncated = join(directory, "truncated.bpf.o");
    writeFileSync(truncated, testdata("maps.bpf.o").subarray(0, 1000));
    const empty = join(directory, "empty.h");
    writeFileSync(empty, "");
    for (const options of [[], ["--json"], ["--lang", "ts"], ["--lang", "json-schema"]]) {
      assertOneLine(["gen", "bindings", truncated, ...options], /truncated\.bpf\.o: .* needs/);
      assertOneLine(["gen", "bindings", empty, ...options], /empty\.h: it is neither BTF nor an ELF file/);
      assertOneLine(["gen", "bindings", testdataPath("maps.be.bpf.o"), ...options], /big-endian/);
      assertOneLine(["gen", "bindings", testdataPath("no-btf.bpf.o"), ...options], /no section \.BTF/);
    }
    assertOneLine(["gen", "bindings", testdataPath("maps.bpf.o"), "--type", "no"], /there is no type "no"/);
    assertOneLine(["gen", "header", empty], /defines no struct, union or enum/);
    assertOneLine(["gen", "header", "/nonexistent.h"], /cannot read "\/nonexistent\.h"/);
    const skeleton = ["gen", "skeleton", "--format", "ts"];
    assertOneLine([...skeleton, truncated], /truncated\.bpf\.o: .* needs/);
    assertOneLine([...skeleton, testdataPath("maps.be.bpf.o")], /big-endian/);
    assertOneLine(
      [...skeleton, testdataPath("maps.bpf.o"), "--event", "no=x"],
      /no ring or perf buffer "no"/,
    );
  });
});

test("a wrong command line has status 2", () => {
  for (const args of [
    ["bindings"],
    ["bindings", "a", "b"],
    ["bindings", "a", "--lang", "perl"],
    ["bindings", "a", "--lang", "ts", "--json-library", "cjson"],
    ["header"],
    ["skeleton", "a", "--types", "b"],
    ["skeleton", "a", "--format", "ts", "--event", "b"],
  ]) {
    const { status, err } = run(["gen", ...args]);
    assert.equal(status, 2, args.join(" "));
    assert.match(err, /^wasm-bpf: .+\nUsage: wasm-bpf /, args.join(" "));
  }
});
