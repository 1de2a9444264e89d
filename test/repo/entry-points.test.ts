import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

const root: string = resolve(import.meta.dirname, "../../..");
const manifest: { exports: Record<string, string | { types: string; default: string }> } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);
const entries = Object.entries(manifest.exports).flatMap(([name, entry]) =>
  typeof entry === "string" ? [] : [{ name, source: entry.types, bundle: entry.default }],
);

/** Those that a browser can load. */
const PURE: readonly string[] = ["./asm", "./btf", "./codegen", "./elf", "./errors", "./object", "./uapi"];

/** Names of the kernel's and of file formats, which explain themselves to who looks for them. */
const NUMBER = /^[A-Z][A-Z0-9_]*$/;

/** The doc comment above the first declaration of a name, "" without one; follows re-exports. */
function docComment(file: string, name: string): string | undefined {
  const text = readFileSync(file, "utf8");
  const declared = new RegExp(
    `^export (?:abstract )?(?:const|class|function|interface|type) ${name}\\b`,
    "m",
  );
  const at = declared.exec(text)?.index;
  if (at !== undefined) {
    const before = text.slice(0, at).trimEnd();
    return before.endsWith("*/") ? before.slice(before.lastIndexOf("/**")) : "";
  }
  for (const [, names, from = ""] of text.matchAll(/^export (?:(?:type )?\{([^}]*)\}|\*) from "([^"]+)"/gm)) {
    const list = names?.split(",").map((part) => part.trim().replace(/^type /, ""));
    if (list?.includes(name) === false) continue;
    const found = docComment(join(dirname(file), from), name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The names that a file exports from others; generated files of numbers are left out. */
function exportedNames(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = ""]) =>
    names.split(",").map((part) => part.trim().replace(/^type /, "")),
  );
  const all = [...text.matchAll(/^export \* from "([^"]+)"/gm)].flatMap(([, from = ""]) =>
    from.includes("/uapi/") ? [] : exportedNames(join(dirname(file), from)),
  );
  return [...named.filter((name) => name !== ""), ...all];
}

test("everything that an entry point exports has a doc comment", () => {
  const without: string[] = [];
  for (const { name: entry, source } of entries) {
    const file = join(root, source.replace("/dist/", "/").replace(/\.d\.ts$/, ".ts"));
    const exported = exportedNames(file);
    assert.ok(exported.length > 0, entry);
    for (const name of exported) {
      const comment = docComment(file, name);
      assert.notEqual(comment, undefined, `${entry}: ${name} is not found`);
      if (comment === "" && !NUMBER.test(name) && !/^R\d+$/.test(name)) without.push(`${entry}: ${name}`);
    }
  }
  assert.deepEqual(without, []);
});

test("every entry point can be imported, and the pure ones load nothing of Node.js", async () => {
  for (const { name, bundle } of entries) {
    const exported: Readonly<Record<string, unknown>> = await import(join(root, bundle));
    assert.ok(Object.keys(exported).length > 0, name);
  }
  const seen = new Map<string, readonly string[]>();
  const builtins = (path: string): readonly string[] => {
    if (seen.has(path)) return [];
    seen.set(path, []);
    const text = readFileSync(path, "utf8");
    const specifiers = [...text.matchAll(/(?:^import\b.*?|^\} from |\bimport\()"([^"]+)"/gm)].map(
      ([, specifier = ""]) => specifier,
    );
    return [
      ...(text.includes("getBuiltinModule") ? [`getBuiltinModule in ${path}`] : []),
      ...specifiers.flatMap((specifier) =>
        specifier.startsWith(".") ? builtins(join(dirname(path), specifier)) : [specifier],
      ),
    ];
  };
  for (const name of PURE) {
    seen.clear();
    const entry = entries.find((found) => found.name === name);
    assert.ok(entry !== undefined, name);
    assert.deepEqual(builtins(join(root, entry.bundle)), [], name);
  }
  seen.clear();
  assert.notDeepEqual(
    builtins(join(root, "dist/bundle/api/ebpf.js")),
    [],
    "others do, so this finds something",
  );
});
