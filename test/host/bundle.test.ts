import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";

const bundle = join(import.meta.dirname, "../../bundle");

/** The files that a start reads, and the modules of Node.js that it loads. */
function imports(entry: string): { files: Map<string, string>; builtins: Set<string> } {
  const files = new Map<string, string>();
  const builtins = new Set<string>();
  const read = (path: string): void => {
    if (files.has(path)) return;
    const text = readFileSync(path, "utf8");
    files.set(path, text);
    for (const [, specifier = ""] of text.matchAll(/^(?:import\b.*|\} from )"([^"]+)";$/gm)) {
      if (specifier.startsWith(".")) read(join(dirname(path), specifier));
      else builtins.add(specifier);
    }
  };
  read(entry);
  return { files, builtins };
}

describe("the bundle that runs modules", () => {
  const { files, builtins } = imports(join(bundle, "cli/run-main.js"));

  test("loads no module of Node.js that takes long", () => {
    assert.ok(builtins.size > 0);
    assert.deepEqual([...builtins].sort(), ["node:os", "node:path"]);
  });

  test("reads few files, and none of other commands", () => {
    assert.ok(files.size <= 8, [...files.keys()].join("\n"));
    const sources = [...files.values()].flatMap((text) => text.match(/^\/\/ src\/\S+$/gm) ?? []);
    assert.ok(sources.includes("// src/host/guest.ts"));
    const foreign = sources.filter((source) => /^\/\/ src\/(codegen|toolchain)\//.test(source));
    assert.deepEqual(foreign, []);
  });
});
