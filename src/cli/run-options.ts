import type { Permissions, Preopen } from "../host/index.ts";
import { type OptionSpec, parseOptions } from "./args.ts";
import { UsageError } from "./verb.ts";

/** Options that stand before MODULE. */
export const runOptionSpecs: readonly OptionSpec[] = [
  { long: "dir", value: "HOST[::GUEST]", help: "let the guest use a directory, under another name if given" },
  {
    long: "allow-read",
    value: "PATH,...",
    optional: true,
    help: "let the guest read the host's files, such as /proc, /sys and programs, under their own names: all of them, or those at and below these paths",
  },
  {
    long: "allow-run",
    value: "NAME,...",
    optional: true,
    help: "let the guest start programs of the host: any, or those of these names or paths",
  },
  { long: "allow-net", help: "let the guest open sockets" },
  {
    long: "allow-kernel",
    help: "let the guest reach BPF objects that are not its own, by id, and by paths outside of its pin directory",
  },
  { long: "allow-all", short: "A", help: "all four: only for guests that could be native programs as well" },
  {
    long: "env",
    value: "NAME[=VALUE]",
    help: "set a variable of the guest, or pass on the one of this process",
  },
  {
    long: "wrapper-module-name",
    short: "m",
    value: "NAME",
    help: "import module of a TinyGo guest's poll function (default callback-wrapper)",
  },
  {
    long: "callback-export-name",
    short: "c",
    value: "NAME",
    help: "export of a TinyGo guest that gets the records (default go-callback)",
  },
  { long: "btf", value: "FILE", help: "types of the kernel, if it has no BTF itself (or WASM_BPF_BTF=FILE)" },
  { long: "verbose", help: "print whole verifier logs, and counts of records at the end" },
  { long: "version", help: "print the version" },
  { long: "help", short: "h", help: "print this text" },
];

/** The command line of `wasm-bpf [run] [options] MODULE [guest arguments]`. */
export interface RunArguments {
  readonly wants: "run" | "help" | "version";
  /** Path of the module, `-` for standard input. */
  readonly module: string;
  /** What the guest gets, its name first. */
  readonly guestArgs: readonly string[];
  readonly preopens: readonly Preopen[];
  readonly permissions: Permissions;
  readonly environment: Readonly<Record<string, string>>;
  readonly wrapperModuleName: string | undefined;
  readonly callbackExportName: string | undefined;
  /** File that the kernel's types are read from instead of the kernel. */
  readonly btfPath: string | undefined;
  readonly verbose: boolean;
}

/** @throws {UsageError} when the command line is wrong */
export function parseRunArguments(args: readonly string[]): RunArguments {
  const { options, rest } = parseRunOptions(args);
  const wants = options.has("help") ? "help" : options.has("version") ? "version" : "run";
  const [module] = rest;
  if (module === undefined && wants === "run") {
    throw new UsageError(
      "which module? wasm-bpf [options] MODULE [guest arguments] (wasm-bpf --help lists all)",
    );
  }
  return {
    wants,
    module: module ?? "",
    guestArgs: rest,
    preopens: (options.get("dir") ?? []).map(parseDirectory),
    permissions: permissionsOf(options),
    environment: Object.fromEntries((options.get("env") ?? []).flatMap(parseVariable)),
    wrapperModuleName: options.get("wrapper-module-name")?.at(-1),
    callbackExportName: options.get("callback-export-name")?.at(-1),
    btfPath: options.get("btf")?.at(-1) ?? (process.env.WASM_BPF_BTF || undefined),
    verbose: options.has("verbose"),
  };
}

function parseRunOptions(args: readonly string[]): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(args, runOptionSpecs);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(
      `${error.message} (options of the guest go after the module; wasm-bpf --help lists all)`,
    );
  }
}

function permissionsOf(options: ReadonlyMap<string, readonly string[]>): Permissions {
  const all = options.has("allow-all");
  return {
    read: all || listOption(options.get("allow-read")),
    run: all || listOption(options.get("allow-run")),
    net: all || options.has("allow-net"),
    kernel: all || options.has("allow-kernel"),
  };
}

/** Given without a value at least once, it is everything. */
function listOption(values: readonly string[] | undefined): boolean | string[] {
  if (values === undefined) return false;
  return values.includes("") || values.flatMap((value) => value.split(",")).filter((part) => part !== "");
}

function parseDirectory(text: string): Preopen {
  const [host = "", guest = host] = text.split("::", 2);
  if (host === "" || guest === "") throw new UsageError(`--dir ${text}: give it as HOST or HOST::GUEST`);
  return { host, guest };
}

function parseVariable(text: string): [name: string, value: string][] {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  if (name === "") throw new UsageError(`--env ${text}: give it as NAME or NAME=VALUE`);
  if (at >= 0) return [[name, text.slice(at + 1)]];
  const value = process.env[name];
  return value === undefined ? [] : [[name, value]];
}
