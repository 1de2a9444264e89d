import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

const root: string = resolve(import.meta.dirname, "../../..");

test("a published package has the documentation whole, every entry point, and no tests", () => {
  const answer = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [packed]: { files: { path: string }[] }[] = JSON.parse(answer);
  const paths = new Set(packed?.files.map(({ path }) => path));
  const missing: string[] = [];
  const expect = (path: string, by: string): void => {
    const there = [...paths].some((found) => found === path || found.startsWith(`${path}/`));
    if (!there) missing.push(`${path}, which ${by} names`);
  };
  for (const page of [...paths].filter((path) =>
    /^(?:README|CONTRIBUTING|docs\/.*|examples\/.*)\.md$/.test(path),
  )) {
    for (const [, target = ""] of readFileSync(join(root, page), "utf8").matchAll(
      /\]\((?!https?:|#)([^)#\s]+)/g,
    )) {
      expect(join(dirname(page), target).replace(/\/$/, ""), page);
    }
  }
  const manifest: { exports: Record<string, string | Record<string, string>>; bin: Record<string, string> } =
    JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const entry of [...Object.values(manifest.exports), manifest.bin]) {
    for (const path of typeof entry === "string" ? [entry] : Object.values(entry)) {
      expect(path.replace(/^\.\//, ""), "package.json");
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(paths.has("docs/guest-c.md"));
  assert.deepEqual(
    [...paths].filter((path) => /\.test\.|\/\.build\/|^examples\/.*\.wasm$|^testdata\//.test(path)),
    [],
  );
});
