import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { layers, pureLayers } from "../../scripts/layers.ts";

const root = resolve(import.meta.dirname, "../../..");
const src = join(root, "src");

/** A file longer than this is more than one noun. */
const MAX_LINES = 700;

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .sort();

function importsOf(text: string): string[] {
  const specifiers: string[] = [];
  for (const match of text.matchAll(/(?:\bfrom|\bimport\s*\(|^import)\s*"([^"]+)"/gm)) {
    if (match[1] !== undefined) specifiers.push(match[1]);
  }
  return specifiers;
}

/** Faults of one import, as text; none when it is allowed. */
function checkImport(file: string, specifier: string): string | undefined {
  const layer = file.split("/")[0] ?? "";
  const isTest = file.endsWith(".test.ts");
  if (specifier.startsWith("node:")) {
    return pureLayers.includes(layer) && !isTest ? `${file}: pure layer imports ${specifier}` : undefined;
  }
  if (!specifier.startsWith(".")) return isTest ? undefined : `${file}: imports the package ${specifier}`;
  const target = relative(src, resolve(src, dirname(file), specifier));
  if (target.startsWith("..")) return isTest ? undefined : `${file}: leaves src with ${specifier}`;
  const targetLayer = target.split("/")[0] ?? "";
  if (targetLayer === layer || isTest) return undefined;
  if (!layers[layer]?.includes(targetLayer)) return `${file}: ${layer} may not import ${targetLayer}`;
  const entry = target === `${targetLayer}/index.ts` || targetLayer === "uapi";
  return entry ? undefined : `${file}: enters ${targetLayer} by ${target} instead of its index.ts`;
}

test("every import follows the layer table", () => {
  assert.ok(files.length > 20, "no sources found");
  const faults: string[] = [];
  for (const file of files) {
    const layer = file.split("/")[0] ?? "";
    if (!(layer in layers)) faults.push(`${file}: ${layer} is not a layer`);
    for (const specifier of importsOf(readFileSync(join(src, file), "utf8"))) {
      const fault = checkImport(file, specifier);
      if (fault !== undefined) faults.push(fault);
    }
  }
  assert.deepEqual(faults, []);
});

test("the check finds a forbidden import", () => {
  assert.match(checkImport("btf/x.ts", "../ebpf/index.ts") ?? "", /btf may not import ebpf/);
  assert.match(checkImport("btf/x.ts", "node:fs") ?? "", /pure layer/);
  assert.match(checkImport("link/x.ts", "../ebpf/object.ts") ?? "", /instead of its index/);
  assert.equal(checkImport("link/x.ts", "../ebpf/index.ts"), undefined);
});

test("docs/architecture.md shows the same table", () => {
  const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const shown = new Map<string, string[]>();
  for (const match of text.matchAll(/^\| `src\/([a-z]+)` \|[^|]*\| ([^|]*) \|/gm)) {
    const imports = (match[2] ?? "").trim();
    shown.set(match[1] ?? "", imports === "nothing" ? [] : imports.split(" "));
  }
  assert.deepEqual(Object.fromEntries(shown), layers);
});

test("no source file is longer than one noun", () => {
  const long = files.filter((file) => {
    const text = readFileSync(join(src, file), "utf8");
    return !/^\/\/ Generated/i.test(text) && text.split("\n").length > MAX_LINES;
  });
  assert.deepEqual(long, []);
});
