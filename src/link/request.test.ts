import assert from "node:assert/strict";
import { test } from "node:test";
import { globPattern } from "./glob.ts";
import { splitOffset } from "./request.ts";

test("an offset follows the last plus and is decimal or hexadecimal", () => {
  assert.deepEqual(splitOffset("do_unlinkat"), { name: "do_unlinkat", offset: 0 });
  assert.deepEqual(splitOffset("do_unlinkat+0x10"), { name: "do_unlinkat", offset: 16 });
  assert.deepEqual(splitOffset("do_unlinkat+16"), { name: "do_unlinkat", offset: 16 });
  assert.deepEqual(splitOffset("operator+"), { name: "operator+", offset: 0 });
  assert.deepEqual(splitOffset("a+b+8"), { name: "a+b", offset: 8 });
  assert.deepEqual(splitOffset("a+-8"), { name: "a+-8", offset: 0 });
});

test("patterns match whole names, and their other characters stand for themselves", () => {
  assert.ok(globPattern("tcp_*").test("tcp_sendmsg"));
  assert.ok(!globPattern("tcp_*").test("my_tcp_sendmsg"));
  assert.ok(globPattern("?alloc").test("malloc"));
  assert.ok(!globPattern("?alloc").test("alloc"));
  assert.ok(globPattern("a.part.0").test("a.part.0"));
  assert.ok(!globPattern("a.part.0").test("aXpart.0"));
  assert.ok(globPattern("*").test(""));
});
