import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { encodeText, WasmBpfError } from "../internal/index.ts";
import type { BpfAttr } from "./attr.ts";
import type { SignalControl, Sys } from "./sys.ts";

/** What `native/addon.c` exports: the list in `native/calls.h` and what it defines itself; same meaning as {@link Sys} where the name is the same. */
interface Addon extends Omit<Sys, "bpf" | "open" | "mmap" | "getRlimit" | "signals" | "spawn" | "watch"> {
  /** `pointers` are pairs: offset in `attr`, bytes whose address goes there. */
  bpf(command: number, attr: Uint8Array, ...pointers: (number | Uint8Array)[]): number;
  open(path: string, flags: number, mode: number): number;
  mmap(
    lengthBytes: number,
    prot: number,
    flags: number,
    fd: number,
    offsetBytes: number,
    address?: bigint,
  ): ArrayBuffer | number;
  getRlimit(resource: number, pair: Uint8Array): number;
  /** Strings end with NUL each. */
  spawn(
    path: string,
    args: Uint8Array,
    environment: Uint8Array,
    descriptors: Uint8Array,
    directory: number,
    event: number,
  ): number;
  watch(fd: number, readable: () => void): Watch | number;
  watchStart(watch: Watch): number;
  watchStop(watch: Watch): number;
  watchClose(watch: Watch): number;
  signalsCatch(mask: number, graceMs: number): number;
  signalsTake(): number;
  signalsHold(): number;
  signalsResume(): number;
  signalsDispose(signal: number, how: number, graceMs: number): number;
  signalsTaken(): number;
  signalsRelease(): number;
}

/** A pointer of the addon's. */
type Watch = object;

const DEFAULT_GRACE_MS = 2000;

/** Path of the addon built for this machine: `native/build` beside `dist`. */
export function addonPath(): string {
  return join(
    resolve(import.meta.dirname, "../../.."),
    "native/build",
    `wasm-bpf-${process.platform}-${process.arch}.node`,
  );
}

function loadAddon(): Addon {
  const path = addonPath();
  const module: { exports: Partial<Addon> } = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    const reason = existsSync(path) ? `it does not load: ${(cause as Error).message}` : "it is not built";
    throw new WasmBpfError(
      "NOT_SUPPORTED",
      `The native addon ${path} cannot be used: ${reason}. Run: npm run build`,
      { cause },
    );
  }
  return module.exports as Addon;
}

/** Loads the addon. @throws {WasmBpfError} code `NOT_SUPPORTED` when it is missing or does not load */
export function loadNativeSys(): Sys {
  const addon = loadAddon();
  const signals: SignalControl = {
    catch: (numbers, graceMs = DEFAULT_GRACE_MS) =>
      addon.signalsCatch(numbers.reduce((mask, signal) => mask | (1 << signal), 0) >>> 0, graceMs),
    take: addon.signalsTake,
    hold: addon.signalsHold,
    resume: addon.signalsResume,
    dispose: addon.signalsDispose,
    taken: addon.signalsTaken,
    release: addon.signalsRelease,
  };
  return {
    ...addon,
    signals,
    bpf: (command, attr) => callBpf(addon, command, attr),
    open: (path, flags, mode = 0o666) => addon.open(path, flags, mode),
    spawn: (path, args, environment, descriptors, directory = -1, event = -1) =>
      addon.spawn(
        path,
        stringList(args),
        stringList(environment),
        new Uint8Array(Int32Array.from(descriptors).buffer),
        directory,
        event,
      ),
    watch(fd, readable) {
      const watch = addon.watch(fd, readable);
      if (typeof watch === "number") return watch;
      return {
        start: () => addon.watchStart(watch),
        stop: () => void addon.watchStop(watch),
        close: () => void addon.watchClose(watch),
      };
    },
    getRlimit(resource) {
      const pair = new BigUint64Array(2);
      addon.getRlimit(resource, new Uint8Array(pair.buffer));
      return [pair[0] ?? 0n, pair[1] ?? 0n];
    },
  };
}

function stringList(texts: readonly string[]): Uint8Array {
  return encodeText(texts.map((text) => `${text}\0`).join(""));
}

function callBpf(addon: Addon, command: number, attr: BpfAttr): number {
  const { bytes, pointers } = attr;
  const [first, second, third] = pointers;
  for (const { bytes: addresses, table } of pointers) {
    if (table === undefined) continue;
    const view = new DataView(addresses.buffer, addresses.byteOffset);
    for (const [i, target] of table.entries()) view.setBigUint64(i * 8, addon.addressOf(target), true);
  }
  // Map operations have two pointers at most; they take the short way.
  if (first === undefined) return addon.bpf(command, bytes);
  if (second === undefined) return addon.bpf(command, bytes, first.offset, first.bytes);
  if (third === undefined) {
    return addon.bpf(command, bytes, first.offset, first.bytes, second.offset, second.bytes);
  }
  return addon.bpf(command, bytes, ...pointers.flatMap(({ offset, bytes: target }) => [offset, target]));
}
