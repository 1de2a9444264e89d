import assert from "node:assert/strict";
import test from "node:test";
import { btfOf, EVERY_KIND } from "../../test/support/btf-sample.ts";
import { Btf, type BtfFeatures, type BtfKind, sanitizeBtf } from "./index.ts";

const KNOWS_ALL: BtfFeatures = {
  func: true,
  funcGlobal: true,
  datasec: true,
  questionMarkDatasec: true,
  float: true,
  declTag: true,
  typeTag: true,
  enum64: true,
  attributeTags: true,
};

const id = (kind: BtfKind): number => EVERY_KIND.findIndex((type) => type.kind === kind) + 1;

for (const littleEndian of [true, false]) {
  const btf = btfOf(EVERY_KIND, { littleEndian });
  const without = (lacks: Partial<BtfFeatures>): Btf =>
    Btf.parse(sanitizeBtf(btf, { ...KNOWS_ALL, ...lacks }));

  test(`BTF that the kernel knows stays as it is, ${littleEndian ? "little" : "big"}-endian`, () => {
    assert.equal(sanitizeBtf(btf, KNOWS_ALL), btf.raw);
  });

  test(`each lacking feature has its replacement, ${littleEndian ? "little" : "big"}-endian`, () => {
    assert.deepEqual(without({ func: false }).type(id("func")), {
      id: id("func"),
      kind: "typedef",
      name: "visit",
      type: id("func_proto"),
    });
    assert.equal(without({ func: false }).kind(id("func_proto")), "enum");
    const func = without({ funcGlobal: false }).type(id("func"));
    assert.ok(func.kind === "func" && func.linkage === "static");
    assert.equal(without({ datasec: false }).sizeOf(id("var")), 1);
    const section = without({ datasec: false }).type(id("datasec"));
    assert.ok(section.kind === "struct");
    assert.equal(section.name, "_bss");
    assert.deepEqual(section.members, [
      { name: "counter", type: id("var"), offsetBits: 32, bitfieldBits: 0 },
    ]);
    assert.deepEqual(without({ float: false }).type(id("float")), {
      id: id("float"),
      kind: "struct",
      name: "",
      sizeBytes: 8,
      members: [],
    });
    assert.equal(without({ declTag: false }).kind(id("decl_tag")), "int");
    assert.equal(without({ typeTag: false }).kind(id("type_tag")), "const");
    const tag = without({ attributeTags: false }).type(id("type_tag"));
    assert.ok(tag.kind === "type_tag" && !tag.attribute);
    const plain = without({ enum64: false });
    const color = plain.type(id("enum"));
    assert.ok(color.kind === "enum" && !color.signed);
    const wide = plain.type(id("enum64"));
    assert.ok(wide.kind === "union" && wide.sizeBytes === 8);
    assert.equal(plain.name(wide.members[0]?.type ?? 0), "enum64_placeholder");
    assert.equal(plain.typeCount, btf.typeCount + 1);
  });

  test(`a kernel that lacks everything gets the oldest kinds only, ${littleEndian ? "little" : "big"}-endian`, () => {
    const lacks = Object.fromEntries(Object.keys(KNOWS_ALL).map((key) => [key, false]));
    const old = without(lacks);
    for (const type of old.types()) {
      assert.ok(!/^(func|func_proto|var|datasec|float|decl_tag|type_tag|enum64)$/.test(type.kind), type.kind);
    }
    for (let i = 1; i < btf.typeCount; i++) {
      const name = btf.name(i);
      if (["struct", "union", "enum", "fwd", "typedef"].includes(btf.kind(i)))
        assert.equal(old.name(i), name);
    }
  });
}

test("section names with a question mark lose it where the kernel refuses it", () => {
  const btf = btfOf([{ kind: "datasec", name: "?struct_ops", sizeBytes: 0, variables: [] }]);
  const old = Btf.parse(sanitizeBtf(btf, { ...KNOWS_ALL, questionMarkDatasec: false }));
  assert.equal(old.name(1), "_struct_ops");
});

test("a header that is longer than known is cut to what every kernel knows", () => {
  const { raw } = btfOf(EVERY_KIND);
  const longer = new Uint8Array(raw.length + 8);
  longer.set(raw.subarray(0, 24));
  longer.set(raw.subarray(24), 32);
  new DataView(longer.buffer).setUint32(4, 32, true);
  const btf = Btf.parse(longer);
  assert.deepEqual(sanitizeBtf(btf, KNOWS_ALL), raw);
});
