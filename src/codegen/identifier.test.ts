import assert from "node:assert/strict";
import { test } from "node:test";
import { headerGuard, skeletonName, toIdentifier } from "./identifier.ts";

test("a skeleton is called like its object file", () => {
  assert.equal(skeletonName("bootstrap.bpf.o"), "bootstrap_bpf");
  assert.equal(skeletonName("/a b/c-d.o"), "c_d");
  assert.equal(skeletonName(`${"x".repeat(100)}.o`), "x".repeat(100));
});

test("any text becomes an identifier", () => {
  assert.equal(toIdentifier("9 lives"), "_9_lives");
  assert.equal(toIdentifier(""), "_");
  assert.equal(toIdentifier('x"; $(rm)'), "x_____rm_");
  assert.equal(toIdentifier("ä"), "_");
});

test("guards are upper case", () => {
  assert.equal(headerGuard("bootstrap_bpf", "SKEL_H"), "__BOOTSTRAP_BPF_SKEL_H__");
});
