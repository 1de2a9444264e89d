import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTrap } from "./trap.ts";

function thrown(message: string, ...stack: string[]): Error {
  const error = new Error(message);
  error.stack = [`RuntimeError: ${message}`, ...stack.map((line) => `    at ${line}`)].join("\n");
  return error;
}

test("names the trap and the innermost guest function", () => {
  const error = thrown(
    "memory access out of bounds",
    "host (file:///dist/src/host/guest.js:1:1)",
    "app.wasm.handle_event (wasm://wasm/app.wasm-0badf00d:wasm-function[7]:0x1c4)",
    "app.wasm.main (wasm://wasm/app.wasm-0badf00d:wasm-function[8]:0x2c4)",
  );
  assert.equal(
    describeTrap(error),
    'memory access out of bounds in function "handle_event" (function 7 at offset 0x1c4)',
  );
});

test("takes names of C++ and Rust as they are", () => {
  const error = thrown(
    "unreachable",
    "<T as core::fmt::Display>::fmt (wasm://wasm/0badf00d:wasm-function[3]:0x9)",
  );
  assert.match(describeTrap(error), /in function "<T as core::fmt::Display>::fmt" \(function 3/);
});

test("gives the number where the module has no names", () => {
  assert.equal(
    describeTrap(thrown("divide by zero", "wasm://wasm/0badf00d:wasm-function[3]:0x9")),
    "integer divide by zero in function 3 at offset 0x9",
  );
});

test("says what it can about anything else", () => {
  assert.equal(describeTrap(thrown("Maximum call stack size exceeded")), "stack overflow");
  assert.equal(describeTrap(thrown("something new")), "something new");
  assert.equal(describeTrap({}), "uncaught exception [object Object]");
});
