import { constants } from "node:os";
import { basename } from "node:path";
import { WasmBpfError } from "../internal/index.ts";
import {
  type BtfSource,
  type BtfToEmbed,
  BuildError,
  type BuildObserver,
  buildProject,
} from "../toolchain/index.ts";
import { runCommand } from "./command.ts";
import { formatSize, quote } from "./format.ts";
import { readBtf } from "./read-btf.ts";
import { UsageError } from "./verb.ts";

/** `wasm-bpf build ...` */
export function runBuild(args: readonly string[]): Promise<number> {
  return runCommand("build", args, async (line) => {
    const projects = projectsOf(line.words);
    const btf = line.value("btf");
    const emit = line.has("emit");
    const verbose = line.has("verbose") || emit;
    const colour = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
    const embeddedBtfs = line.values("embed-btf").map(btfToEmbed);
    const wasm32 = line.has("wasm32");
    const signal = endingSignal();
    const options = {
      ...{ colour, embeddedBtfs, wasm32, signal },
      ...(btf === undefined ? {} : { btf: btfSource(btf) }),
    };
    let built = 0;
    const observer: BuildObserver = {
      step: (step) => {
        if (!step.built && !emit) return;
        if (step.built) built++;
        const time = step.built ? formatTime(step.durationMs) : "current";
        say(`${step.product.padEnd(32)} ${time.padStart(8)} ${formatSize(step.sizeBytes).padStart(10)}`);
      },
      diagnostics: (text) => process.stderr.write(text),
      failed: report,
      ...(verbose ? { command: (argv) => say(argv.map(quote).join(" ")) } : {}),
    };
    const failed: string[] = [];
    for (const project of projects) {
      const started = performance.now();
      built = 0;
      try {
        const what = (await buildProject(project, options, observer)).join(", ");
        say(
          built === 0
            ? `${what}: up to date`
            : `${what}: built in ${formatTime(performance.now() - started)}`,
        );
      } catch (error) {
        if (error instanceof Interruption) {
          say(`wasm-bpf: ${error.message}`);
          return error.status;
        }
        if (!(error instanceof WasmBpfError)) throw error;
        report(error);
        failed.push(typeof project === "string" ? project : project.join(" "));
      }
    }
    if (failed.length > 0 && projects.length > 1) {
      say(`${failed.length} of ${projects.length} projects could not be built: ${failed.join(", ")}`);
    }
    return failed.length > 0 ? 1 : 0;
  });
}

/** A signal that ends the build. */
class Interruption extends Error {
  /** Of the process, as shells count signals. */
  readonly status: number;
  constructor(name: NodeJS.Signals) {
    super(`interrupted by ${name}; what was made until then is kept`);
    this.status = 128 + constants.signals[name];
  }
}

/** Aborts when the process is told to end; told again, it ends at once. */
function endingSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => controller.abort(new Interruption(name)));
  }
  return controller.signal;
}

/** Each word is a project, unless sources of guests are among them: then all are the files of one application. */
function projectsOf(words: readonly string[]): readonly (string | readonly string[])[] {
  if (words.length === 0) return ["."];
  return words.some((word) => /(?<!\.bpf)\.c$/.test(word)) ? [words] : words;
}

/** The compiler has said what is wrong with a source; one line tells which step that was. */
function report(error: WasmBpfError): void {
  say(error instanceof BuildError ? error.message : `wasm-bpf: ${error.message}`);
}

function btfSource(path: string): BtfSource {
  return { path, read: () => readBtf(path) };
}

/** `[RELEASE[:MACHINE]=]FILE`; the release is that of the file's name by default. */
function btfToEmbed(text: string): BtfToEmbed {
  const at = text.indexOf("=");
  const path = text.slice(at + 1);
  const key = at < 0 ? basename(path, ".btf") : text.slice(0, at);
  const [release = "", machine = ""] = key.split(":", 2);
  if (release === "" || path === "") {
    throw new UsageError(`build: --embed-btf ${text}: give it as [RELEASE[:MACHINE]=]FILE`);
  }
  return { ...btfSource(path), release, machine };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function formatTime(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
