import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root: string = fileURLToPath(new URL("../../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((path) => `docs/${path}`),
  ...readdirSync(join(root, "examples")).map((name) => `examples/${name}/README.md`),
].filter((path) => path.endsWith(".md"));

test("README.md has at most 100 lines", () => {
  const lines = read("README.md").trimEnd().split("\n").length;
  assert.ok(lines <= 100, `${lines} lines`);
});

test("every npm command of the documentation exists", () => {
  const scripts: Readonly<Record<string, string>> = JSON.parse(read("package.json")).scripts;
  for (const page of pages) {
    for (const [, name = ""] of read(page).matchAll(/npm run ([\w:]+)/g)) {
      assert.ok(Object.hasOwn(scripts, name), `${page}: npm run ${name}`);
    }
  }
});

/** What GitHub makes of a heading for links to it. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

test("every link of the documentation leads to a file and a heading of it", () => {
  for (const page of pages) {
    for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = "", fragment] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      assert.ok(existsSync(join(root, file)), `${page}: ${target}`);
      if (fragment === undefined) continue;
      const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchor(heading));
      assert.ok(headings.includes(fragment), `${page}: ${target}`);
    }
  }
});

test("every path of the project that the documentation names is there", () => {
  for (const page of pages) {
    for (const [, path = ""] of read(page).matchAll(
      /`((?:src|test|scripts|sdk|native|docs|examples|bench|bin)\/[\w./-]+)`/g,
    )) {
      assert.ok(existsSync(join(root, path)), `${page}: ${path}`);
    }
  }
});
