import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { findProject } from "./project.ts";

function withFiles(files: Readonly<Record<string, string>>, body: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "wasm-bpf-project-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("a pair is an application, other sources are helpers of every one", () => {
  withFiles({ "a.bpf.c": "", "a.c": "", "b.bpf.c": "", "b.c": "", "util.c": "" }, (directory) => {
    const a = { name: "a", objects: ["a"], sources: ["a.c"], helpers: ["util.c"], wasm32: false };
    const b = { ...a, name: "b", objects: ["b"], sources: ["b.c"] };
    assert.deepEqual(findProject(directory).applications, [a, b]);
    writeFileSync(join(directory, "target.c"), "#include <stdio.h>\nint main(void)\n{\n}\n");
    const one = findProject(join(directory, "b.bpf.c"));
    assert.deepEqual(one.objects, ["b"]);
    assert.deepEqual(one.applications, [b]);
  });
});

test("without a pair all sources are one application", () => {
  withFiles({ "a.bpf.c": "", "main.c": "", "util.c": "" }, (directory) => {
    const [application, ...others] = findProject(directory).applications;
    assert.deepEqual(others, []);
    assert.equal(application?.name, "a");
    assert.deepEqual([application?.sources, application?.helpers], [["main.c", "util.c"], []]);
  });
  withFiles({ "a.bpf.c": "", "b.bpf.c": "", "main.c": "" }, (directory) => {
    const [application] = findProject(directory).applications;
    assert.equal(application?.name, basename(directory));
    assert.deepEqual(application?.objects, ["a", "b"]);
  });
});

test("files that are named are one application, and nothing else is", () => {
  const files = { "a.bpf.c": "", "b.bpf.c": "", "b.c": "", "util.c": "", "other.c": "", "c.bpf.c": "" };
  withFiles(files, (directory) => {
    const paths = ["a.bpf.c", "b.bpf.c", "b.c", "util.c"].map((file) => join(directory, file));
    const project = findProject(paths);
    assert.equal(project.directory, directory);
    assert.deepEqual(project.objects, ["a", "b"]);
    assert.deepEqual(project.applications, [
      { name: "b", objects: ["a", "b"], sources: ["b.c", "util.c"], helpers: [], wasm32: false },
    ]);
    assert.throws(() => findProject([...paths, join(directory, "none.c")]), /there is no such C file/);
    assert.throws(() => findProject(paths.slice(2)), /there is no file NAME\.bpf\.c/);
  });
});

test("an application is of version 1 when it includes the header of that version or bindings", () => {
  const kinds = {
    "#include <bpf/libbpf.h>": false,
    '#include "libbpf-wasm.h"': true,
    '  # include "a.wasm.h"': true,
    '// #include "libbpf-wasm.h"': false,
    '#include "util.h"': true,
  };
  for (const [text, expected] of Object.entries(kinds)) {
    const files = { "a.bpf.c": "", "a.c": text, "util.h": "#include <libbpf-wasm.h>\n" };
    withFiles(files, (directory) => {
      assert.equal(findProject(directory).applications[0]?.wasm32, expected, text);
    });
  }
});

test("vmlinux.h is only made where it is included and not there", () => {
  const source = { "a.bpf.c": '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n' };
  withFiles(source, (directory) => {
    const project = findProject(directory);
    assert.equal(project.needsVmlinux, true);
    assert.equal(project.needsBpfHeaders, true);
  });
  withFiles({ ...source, "vmlinux.h": "" }, (directory) => {
    assert.equal(findProject(directory).needsVmlinux, false);
  });
  withFiles({ "a.bpf.c": "" }, (directory) => {
    assert.equal(findProject(directory).needsVmlinux, false);
  });
});

test("nothing to build is said", () => {
  withFiles({ "a.c": "" }, (directory) => {
    assert.throws(() => findProject(directory), /nothing to build/);
  });
  assert.throws(() => findProject("/nonexistent"), /there is no such directory/);
  assert.throws(() => findProject("/etc/passwd"), /give a directory/);
});
