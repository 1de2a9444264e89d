/**
 * Calls every import of WASI and of version 2 with numbers that are near borders, or right, or anything. Runs in a network
 * namespace of its own. Arguments: a BPF object, a directory, a seed, calls of each import.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { GuestEnding } from "../../src/host/ending.ts";
import { HostView, openPreopen, openView, WASI_MODULE, wasiImports } from "../../src/host/wasi/index.ts";
import { kernelMappings, openFds } from "../../src/sys/leaks.ts";
import { errnoName } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { pages } from "../support/abi-v2-object.ts";
import { randomNumbers } from "../support/mutate.ts";

const [, , objectPath = "", directory = "", seed = "1", rounds = "500"] = process.argv;
const object = readFileSync(objectPath);
const below = randomNumbers(Number(seed));

/** What ends the guest, decides how long a wait is (a timer ends those), or takes seconds for the kernel's types. */
const LEFT_OUT = ["proc_exit", "proc_raise", "signal_catch", "signal_timer", "btf_dedup"];
/** The kernel would really make a map of billions of entries, or a file. */
const SIZES: Readonly<Record<string, number>> = { map_set: 3 };
const SIGALRM = 14;
const CATCH = 2;
const TICK_US = 2000n;
const BLOCK_BYTES = [16, 24, 32, 40, 48, 64, 80, 112, 144, 200, 5000];
const TEXTS = [
  ...["a", "a/b", "a", ".", "a/c"],
  ...[
    "seven",
    "numbers",
    "task_newtask",
    "raw_tp/task_newtask",
    "/sys/fs/bpf/fuzzed",
    "",
    "task_struct",
    "lo",
  ],
  ...["true", ".", "..", "a", "a/../../b", "/etc/passwd", "/proc/self/fd/1", "a\u0001/ÿ"],
];

const fdsBefore = openFds();
const mappingsBefore = kernelMappings().length;
const guest = new AbiGuest({ permissions: { net: true, run: ["true"], read: true } });
const { context } = guest;
const files = { sys: context.sys, interrupts: context.interrupts };
const wasi = wasiImports({ ...context, args: ["guest.wasm", "x"], environment: ["A=b"] });
const imports = { ...wasi, ...guest.imports };
const names = Object.keys(imports).filter((name) => !LEFT_OUT.includes(name));
assert.ok(names.length > 140, String(names.length));

const scratch = guest.alloc(4096);
const page = pages(guest, 8192);
const texts = TEXTS.map((text) => guest.text(text));
const blocks = BLOCK_BYTES.map((size) => guest.alloc(size));
const objectAt = guest.put(object);
const openRequest = guest.block(48, { 4: objectAt, 8: object.length, 16: guest.text("fuzzed") });
const mapRequest = guest.block(80, { 4: 1, 12: 4, 16: 8, 20: 4 });
const ticks = guest.alloc(32);
/** All of that, as it was before the calls wrote to it. */
const fixtures = context.memory.copy(scratch, ticks - scratch) ?? new Uint8Array(0);

/** Handles and descriptors that are something. */
let open: number[] = [];
let handle = 0;

/** Numbers of the guest's descriptors, as they were lately. */
let descriptors: number[] = [];

/** What the parameters of an import are, in the words of the document: `fd`, `req: block`. */
const kinds = new Map<string, readonly string[]>();
const documented = readFileSync(new URL("../../../docs/abi-v2.md", import.meta.url), "utf8").replaceAll(
  "\n",
  " ",
);
for (const [, name = "", parameters = ""] of documented.matchAll(/`(\w+)\(((?:[^()]|\([^()]*\))*)\) ->/g)) {
  kinds.set(name, parameters.split(/, (?![^(]*\))/));
}
for (const [name, parameters] of Object.entries({
  path_create_directory: "fd path length",
  path_filestat_get: "fd flags path length out",
  path_filestat_set_times: "fd flags path length I I flags",
  path_link: "fd flags path length fd path length",
  path_open: "fd flags path length flags I I flags out",
  path_readlink: "fd path length out size out",
  path_remove_directory: "fd path length",
  path_rename: "fd path length fd path length",
  path_symlink: "path length fd path length",
  path_unlink_file: "fd path length",
  fd_read: "fd vectors count out",
  fd_write: "fd vectors count out",
  fd_pread: "fd vectors count I out",
  fd_pwrite: "fd vectors count I out",
  poll_oneoff: "out out count out",
})) {
  kinds.set(name, parameters.split(" "));
}
/** Where the path is whose length the next parameter is. */
let lastText = 0;

function call(name: string, ...parameters: number[]): number {
  return guest.call(name, ...parameters);
}

function reopen(): void {
  context.memory.write(scratch, fixtures);
  const { fds } = context;
  fds.close(3);
  fds.close(4);
  assert.equal(fds.add(openPreopen(files, { host: directory, guest: "/" })), 3);
  assert.equal(fds.add(openView(files, new HostView(["/etc", "/proc/self"], () => {}))), 4);
  call("object_close", handle);
  handle = call("object_open", openRequest);
  const buffer = call("buffer_new", 1 + below(3));
  open = [handle, 3, 4, call("map_create", mapRequest)];
  if (below(2) === 0 && call("object_load", handle) === 0) {
    for (let index = 0; index < 4; index++)
      open.push(call("map_fd", handle, index), call("program_fd", handle, index));
    call("buffer_add", buffer, open[4] ?? 0, 0);
  }
  open.push(buffer, call("object_btf", handle));
}

function number(): number {
  const size = context.memory.bytes.length;
  switch (below(20)) {
    case 0:
      return 0;
    case 1:
      return -1 - below(64);
    case 2:
      return size - below(64);
    case 3:
      return (0x80000000 - below(4)) | 0;
    case 4:
      return below(0x7fffffff) * 2;
    case 5:
      return texts[below(texts.length)] ?? 0;
    case 6:
      return blocks[below(blocks.length)] ?? 0;
    case 7:
      return open[below(open.length)] ?? 0;
    case 8:
      return page;
    case 9:
      return 4096 << below(3);
    case 10:
      return 1 << below(31);
    default:
      return below(3) === 0 ? scratch + below(4000) : below(24);
  }
}

/** Fills the scratch memory and the blocks with what may be sizes, addresses and descriptors. */
function refill(): void {
  const words = guest.view(scratch, 4096);
  for (let at = 0; at < 4096; at += 4) words.setUint32(at, number() >>> 0, true);
  for (const [index, block] of blocks.entries()) {
    const size = BLOCK_BYTES[index] ?? 0;
    const view = guest.view(block, size);
    for (let at = 0; at + 4 <= size; at += 4) view.setUint32(at, below(3) === 0 ? number() >>> 0 : 0, true);
    view.setUint32(0, below(8) === 0 ? number() >>> 0 : size, true);
  }
}

/** Every wait ends soon, with a signal that the guest handles. */
function startTicks(): void {
  assert.equal(call("signal_catch", SIGALRM, CATCH), 0);
  guest.view(ticks, 32).setBigInt64(8, TICK_US, true);
  guest.view(ticks, 32).setBigInt64(24, TICK_US, true);
  assert.equal(call("signal_timer", 0, ticks, 0), 0);
}

/** A block whose size is right, with a few fields. */
function freshBlock(): number {
  const block = blocks[below(blocks.length)] ?? 0;
  const size = BLOCK_BYTES[blocks.indexOf(block)] ?? 0;
  const view = guest.view(block, size);
  for (let at = 0; at < size; at++) view.setUint8(at, 0);
  view.setUint32(0, size, true);
  for (let fields = below(12); fields > 0; fields--)
    view.setUint32(4 + ((4 * below(20)) % (size - 4)), likely(), true);
  return block;
}

function likely(): number {
  switch (below(5)) {
    case 0:
      return open[below(open.length)] ?? 0;
    case 1:
      return texts[below(texts.length)] ?? 0;
    case 2:
      return scratch + 4 * below(900);
    default:
      return below(12);
  }
}

/** One or two parts of the scratch memory. */
function vectors(): number {
  const at = scratch + 2048;
  const view = guest.view(at, 16);
  for (let part = 0; part < 16; part += 8) {
    view.setUint32(part, scratch + below(1024), true);
    view.setUint32(part + 4, below(512), true);
  }
  return at;
}

/** A parameter as it should be. */
function right(kind: string): number {
  const [name = "", type = ""] = kind.split(": ");
  if (type.startsWith("str") || name === "path") {
    const chosen = below(texts.length);
    lastText = new TextEncoder().encode(TEXTS[chosen]).length;
    return texts[chosen] ?? 0;
  }
  if (type.startsWith("block")) return freshBlock();
  if (/^(in|out)/.test(type) || name === "out" || name === "buf") return scratch + 8 * below(200);
  if (name === "vectors") return vectors();
  switch (name) {
    case "length":
      return lastText;
    case "size":
      return below(400);
    case "low":
    case "high":
    case "flags":
    case "timeout_ms":
      return below(4) === 0 ? below(16) : 0;
    case "count":
      return below(3);
    case "object":
      return handle;
    case "prog":
    case "map":
      return below(5);
    case "at":
      return page;
    default:
      if (name === "fd" && type === "") return 3 + below(2);
      if (/fd|^prog|zero/.test(name)) {
        const numbers = below(2) === 0 ? descriptors : open;
        return numbers[below(numbers.length)] ?? 0;
      }
      return /buffer|btf|process/.test(name) ? (open.at(-1 - below(4)) ?? 0) : below(16);
  }
}

function parametersOf(name: string, letters: string): (number | bigint)[] {
  const isRight = below(4) > 0;
  return [...letters].map((letter, index) => {
    const kind = kinds.get(name)?.[index] ?? (index === 0 ? "fd" : "");
    const value = isRight && below(8) > 0 ? right(kind) : number();
    if (letter === "i") return value | 0;
    return below(3) === 0 ? -1n : (BigInt(value) << BigInt(below(2) * 32)) | BigInt(below(2));
  });
}

startTicks();
const seen = new Set<string>();
for (let round = 0; round < Number(rounds); round++) {
  if (round % 100 === 0) guest.grow(1);
  if (round % 25 === 0 || call("object_describe", handle, 0, 0) < 0) reopen();
  if (round % 10 === 0) refill();
  descriptors = Array.from({ length: 64 }, (_, fd) => fd).filter((fd) => context.fds.get(fd) !== undefined);
  for (const name of names) {
    // Closing has its turn, but not so often that nothing is open; a child begins and ends.
    if (/close|unload|unbind|fd_dup|renumber|run_fork/.test(name) && below(20) !== 0) continue;
    const host = imports[name];
    const parameters = parametersOf(name, host?.signature.parameters ?? "");
    const size = SIZES[name];
    if (size !== undefined) parameters[size] = Number(parameters[size]) & 0xffff;
    const what = `seed ${seed}, round ${round}: ${name}(${parameters})`;
    let result: number;
    try {
      result = host?.call(...parameters) as number;
    } catch (error) {
      // Somebody who writes where nobody reads ends.
      if (error instanceof GuestEnding && error.reason === "signal") continue;
      throw new Error(what, { cause: error });
    }
    assert.ok(Number.isInteger(result), `${what} gives ${result}`);
    if (Object.hasOwn(wasi, name)) assert.ok(result >= 0 && result <= 76, `${what} gives ${result}`);
    else if (result < 0 && result > -4000) assert.match(errnoName(-result), /^E/, `${what} gives ${result}`);
    if (Object.hasOwn(wasi, name) ? result === 0 : result >= 0) seen.add(name);
    if (result > 0 && /^(btf_(open|dedup)|object_btf|buffer_new)$/.test(name)) open.push(result);
    // What it opened is not for ever: there is room for as many as a guest may have.
    if (context.fds.get(600) !== undefined) for (let fd = 40; fd < 70_000; fd++) context.fds.close(fd);
  }
}
guest.close();

const left = [...openFds()].filter(([fd]) => !fdsBefore.has(fd)).map(([fd, what]) => `${fd} ${what}`);
assert.deepEqual(left, [], "descriptors are left");
assert.equal(kernelMappings().length, mappingsBefore, "mappings are left");
// They were not all refused at the door.
for (const name of [
  "object_describe",
  "map_fd",
  "program_fd",
  "btf_type",
  "path_open",
  "fd_poll",
  "fd_event",
]) {
  assert.ok(seen.has(name), `${name} never succeeded`);
}
console.log(`${WASI_MODULE} and version 2: ${seen.size} of ${names.length} succeeded at times`);
console.log(`never: ${names.filter((name) => !seen.has(name)).join(" ")}`);
console.log("done");
