import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { exportedFunctions, libbpfCoverage, REFUSED } from "../../scripts/libbpf-coverage.ts";
import { BothWays } from "./both-ways.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("docs/libbpf-coverage.md is what the headers and the tests give", () => {
  const document = readFileSync(join(root, "docs/libbpf-coverage.md"), "utf8");
  assert.equal(document, libbpfCoverage(root), "run: node dist/scripts/gen-libbpf-coverage.js");
});

test("every function of libbpf 1.8 is declared and can be linked", () => {
  const functions = exportedFunctions(root);
  const text = `#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
static const void *const all[] = {
${functions.map((name) => `	(const void *)${name},`).join("\n")}
};
int main(void)
{
	int there = 0;

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		there += all[i] != NULL;
	printf("%d\\n", there);
	return 0;
}
`;
  const { stdout, stderr } = BothWays.ofText("all-functions", text).run();
  assert.equal(stderr, "");
  assert.equal(stdout, `${functions.length}\n`);
});

test("what cannot work is exported by libbpf", () => {
  const functions = new Set(exportedFunctions(root));
  assert.deepEqual(
    Object.values(REFUSED)
      .flat()
      .filter((name) => !functions.has(name)),
    [],
  );
});
