/** V8's trap messages and what they are called here. */
const trapNames: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^unreachable/, "unreachable instruction executed"],
  [/memory access out of bounds/, "memory access out of bounds"],
  [
    /table index is out of bounds|table access out of bounds|table element access/,
    "undefined element: table index out of bounds",
  ],
  [
    /null function or function signature mismatch|function signature mismatch/,
    "indirect call of a null function or one with another signature",
  ],
  [/divide by zero|remainder by zero/, "integer divide by zero"],
  [/divide result unrepresentable/, "integer overflow in a division"],
  [/float unrepresentable in integer range/, "float does not fit the integer type"],
  [/Maximum call stack size exceeded/, "stack overflow"],
];

/**
 * What a trap was and where, in one line: `memory access out of bounds in function "handle_event"`.
 *
 * @param error what the engine threw through the guest's frames
 */
export function describeTrap(error: unknown): string {
  if (!(error instanceof Error)) {
    // A guest can throw an exception of its own (wasm exception handling) that nothing catches.
    const text = String(error);
    if (text !== "[object WebAssembly.Exception]") return `uncaught exception ${text}`;
    return "uncaught exception: if it is a longjmp, the function that called setjmp (or fork) has returned";
  }
  const name = trapNames.find(([pattern]) => pattern.test(error.message))?.[1] ?? error.message;
  const place = guestFunction(error.stack ?? "");
  return place === undefined ? name : `${name} in ${place}`;
}

/**
 * First wasm frame of a stack trace. V8 writes `at module.function (wasm://wasm/module-1a2b3c:wasm-function[7]:0x1c4)`,
 * without the module when it has no name, and `at wasm://wasm/1a2b3c:wasm-function[7]:0x1c4` without a name section.
 */
function guestFunction(stack: string): string | undefined {
  for (const line of stack.split("\n")) {
    const match = /^\s*at (?:(.+) \()?wasm:\/\/wasm\/(.*):wasm-function\[(\d+)\]:(0x[0-9a-f]+)\)?$/.exec(
      line,
    );
    if (match === null) continue;
    const [, name, script = "", index, offset] = match;
    if (name === undefined) return `function ${index} at offset ${offset}`;
    const module = `${script.replace(/-[0-9a-f]+$/, "")}.`;
    const short = name.startsWith(module) ? name.slice(module.length) : name;
    return `function "${short}" (function ${index} at offset ${offset})`;
  }
  return undefined;
}
