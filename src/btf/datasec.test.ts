import assert from "node:assert/strict";
import test from "node:test";
import { btfOf, int } from "../../test/support/btf-sample.ts";
import { MalformedInputError } from "../internal/index.ts";
import { type Btf, type DatasecSource, fixupDatasecs, type NewBtfType } from "./index.ts";

function objectBtf(name: string, sizeBytes: number): Btf {
  const variable = (label: string, linkage: "global" | "static" | "extern"): NewBtfType => ({
    kind: "var",
    name: label,
    type: 1,
    linkage,
  });
  return btfOf([
    int("int", 4),
    variable("late", "global"),
    variable("early", "global"),
    variable("own", "static"),
    {
      kind: "datasec",
      name,
      sizeBytes,
      variables: [
        { type: 2, offsetBytes: 0, sizeBytes: 4 },
        { type: 3, offsetBytes: 0, sizeBytes: 4 },
        { type: 4, offsetBytes: 12, sizeBytes: 4 },
      ],
    },
  ]);
}

const SOURCE: DatasecSource = {
  sectionSizeBytes: (name) => (name === ".data" ? 16 : undefined),
  variableSymbol: (name) =>
    name === "late"
      ? { offsetBytes: 8, hidden: true }
      : name === "early"
        ? { offsetBytes: 4, hidden: false }
        : undefined,
};

test("size and offsets come from the file, variables are sorted, hidden ones become static", () => {
  const before = objectBtf(".data", 0);
  const after = fixupDatasecs(before, SOURCE);
  assert.deepEqual(after.type(5), {
    id: 5,
    kind: "datasec",
    name: ".data",
    sizeBytes: 16,
    variables: [
      { type: 3, offsetBytes: 4, sizeBytes: 4 },
      { type: 2, offsetBytes: 8, sizeBytes: 4 },
      { type: 4, offsetBytes: 12, sizeBytes: 4 },
    ],
  });
  assert.deepEqual(after.type(2), { id: 2, kind: "var", name: "late", type: 1, linkage: "static" });
  assert.deepEqual(after.type(3), before.type(3));
  assert.deepEqual(after.stringBytes, before.stringBytes);
});

test("offsets that a linker has set stay", () => {
  const after = fixupDatasecs(objectBtf(".data", 64), SOURCE).type(5);
  assert.ok(after.kind === "datasec");
  assert.equal(after.sizeBytes, 64);
  assert.deepEqual(
    after.variables.map((variable) => variable.offsetBytes),
    [0, 0, 12],
  );
});

test("sections of externs are left to the loader", () => {
  const btf = objectBtf(".ksyms", 0);
  assert.equal(
    fixupDatasecs(btf, { sectionSizeBytes: () => undefined, variableSymbol: () => undefined }),
    btf,
  );
});

test("a section or variable that the file does not have is malformed input", () => {
  assert.throws(() => fixupDatasecs(objectBtf(".other", 0), SOURCE), MalformedInputError);
  const source: DatasecSource = { ...SOURCE, variableSymbol: () => undefined };
  assert.throws(() => fixupDatasecs(objectBtf(".data", 0), source), MalformedInputError);
});
