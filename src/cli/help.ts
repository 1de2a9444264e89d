import { readFileSync } from "node:fs";
import { commandList, optionEntry, section } from "./help-text.ts";
import { runOptionSpecs } from "./run-options.ts";

/** What `wasm-bpf --help` prints. */
export function helpText(): string {
  return `Usage: wasm-bpf [options] MODULE [guest arguments]
       wasm-bpf COMMAND ...

Runs an eBPF application packed into a WebAssembly module: loads its BPF object into the kernel, attaches it, and
lets the module read what it reports. MODULE is a file, or - for standard input. Everything after MODULE belongs to
the guest. The exit status is the guest's, 134 after a trap, 130 or 143 after SIGINT or SIGTERM.

Commands:
${commandList()}
wasm-bpf COMMAND --help tells more.

${section("Options", runOptionSpecs.map(optionEntry))}`;
}

/** What `wasm-bpf --version` prints. */
export function versionText(): string {
  const manifest: { version?: string } = JSON.parse(
    readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
  );
  return `wasm-bpf ${manifest.version ?? "unknown"}\n`;
}
