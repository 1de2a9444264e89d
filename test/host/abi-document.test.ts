import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type AbiV1Context, abiV1Imports, wrapperImports } from "../../src/host/abi-v1/index.ts";
import { type AbiV2Context, abiV2Imports } from "../../src/host/abi-v2/index.ts";
import type { HostImports } from "../../src/host/host-import.ts";
import { formatSignature } from "../../src/host/signature.ts";

const root = new URL("../../../", import.meta.url);
const document = readFileSync(new URL("docs/abi.md", root), "utf8");
const header = readFileSync(new URL("sdk/c/libbpf-wasm.h", root), "utf8");
const document2 = readFileSync(new URL("docs/abi-v2.md", root), "utf8");
const header2 = readFileSync(new URL("sdk/include/wasm-bpf/abi2.h", root), "utf8");

/** Only the signatures are looked at, so nothing of these is used. */
const context = {} as AbiV1Context;
const context2 = {} as AbiV2Context;

function signatures(imports: HostImports): string[] {
  return Object.entries(imports).map(([name, { signature }]) => `${name}${formatSignature(signature)}`);
}

/** Signatures in headings: `### \`name(a: i32) -> i32\``, without the parameters' names. */
function documented(heading: RegExp): string[] {
  const found = [...document.matchAll(heading)].map((match) => (match[1] ?? "").replaceAll(/\w+: /g, ""));
  assert.notEqual(found.length, 0);
  return found;
}

test("docs/abi.md has the imports of version 1 with their types", () => {
  const heading = /^### `(wasm_\w+\(.*\) -> \w+)`$/gm;
  assert.deepEqual(
    documented(heading).map(normal).sort(),
    signatures(abiV1Imports(context)).map(normal).sort(),
  );
});

test("docs/abi.md has the import of TinyGo guests", () => {
  const heading = /^### TinyGo: `callback-wrapper` \. `(wasm_\w+\(.*\) -> \w+)`$/gm;
  assert.deepEqual(documented(heading).map(normal), signatures(wrapperImports(context)).map(normal));
});

test("libbpf-wasm.h declares the imports of version 1", () => {
  const declared = [...header.matchAll(/^WASM_BPF_IMPORT\((\w+)\)$/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(abiV1Imports(context)).sort());
});

/** `name 3`: in version 2 everything is an i32, so that the number of parameters is the type. */
function arities(found: readonly (readonly [name: string, parameterCount: number])[]): string[] {
  const names = found.map(([name]) => name);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
    "each is there once",
  );
  return found.map(([name, count]) => `${name} ${count}`).sort();
}

function offered2(): string[] {
  return arities(
    Object.entries(abiV2Imports(context2)).map(([name, { signature }]) => {
      assert.match(signature.parameters, /^i*$/, name);
      assert.equal(signature.result, "i", name);
      return [name, signature.parameters.length];
    }),
  );
}

test("docs/abi-v2.md has the imports of version 2 with their parameters", () => {
  // As in `buffer_state(buffer, source: i32, out: out(40)) -> i32`, wherever in the text.
  const written = document2.replaceAll(/\s+/g, " ").matchAll(/`(\w+)\(((?:[^`()]|\([^()]*\))*)\) -> i32`/g);
  const found = [...written].map(([, name = "", parameters = ""]) => [name, countOf(parameters)] as const);
  assert.deepEqual(arities(found), offered2());
});

test("abi2.h declares the imports of version 2", () => {
  const text = header2.replaceAll(/\s+/g, " ");
  const declared = [...text.matchAll(/WB_IMPORT\((\w+)\) (\w+) wb_(\w+)\(([^()]*)\);/g)];
  const found = declared.map(([, name = "", result, cName, parameters = ""]) => {
    assert.equal(cName, name);
    assert.equal(result, "int", name);
    const list = parameters === "void" ? [] : parameters.split(", ");
    for (const parameter of list) assert.match(parameter, /^(int|uint32_t) \w+$/, name);
    return [name, list.length] as const;
  });
  assert.deepEqual(arities(found), offered2());
  assert.equal(found.length, text.split("WB_IMPORT(").length - 2, "no declaration is written in another way");
});

function countOf(parameters: string): number {
  const plain = parameters.replaceAll(/\([^()]*\)/g, "").trim();
  return plain === "" ? 0 : plain.split(",").length;
}

function normal(signature: string): string {
  return signature.replaceAll(/\s/g, "");
}
