import assert from "node:assert/strict";
import { test } from "node:test";
import { findKernelSymbols, lookupKernelSymbols } from "./kallsyms.ts";

const TEXT = `ffffffff81000000 T _stext
ffffffff81000010 t helper
ffffffff81000020 T helper_two
ffffffff81000030 d promoted.llvm.1234567
ffffffff81000040 t static_fn.llvm.99
ffffffff81000050 t helper\t[some_module]
ffffffff81000060 T last`;

test("symbols are found by their whole name", () => {
  const found = findKernelSymbols(TEXT, [
    "_stext",
    "helper",
    "promoted",
    "static_fn",
    "last",
    "absent",
    "stext",
  ]);
  assert.deepEqual(found.get("_stext"), [
    { name: "_stext", address: 0xffffffff81000000n, type: "T", module: undefined },
  ]);
  assert.deepEqual(
    found.get("helper")?.map(({ address, module }) => [address, module]),
    [
      [0xffffffff81000010n, undefined],
      [0xffffffff81000050n, "some_module"],
    ],
  );
  assert.equal(found.get("promoted")?.[0]?.address, 0xffffffff81000030n, "suffix of promoted data");
  assert.equal(found.get("last")?.[0]?.address, 0xffffffff81000060n);
  assert.deepEqual(
    ["static_fn", "absent", "stext"].map((name) => found.has(name)),
    [false, false, false],
  );
});

test("the running kernel's symbols", () => {
  assert.ok(lookupKernelSymbols(["do_exit", "no_such_symbol"]).has("do_exit"));
  assert.equal(lookupKernelSymbols([]).size, 0);
});
