/** One boot of a virtual machine under QEMU's software emulation. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** A kind of machine that QEMU emulates. */
interface MachineKind {
  readonly command: string;
  readonly options: readonly string[];
  /** Its serial ports as Linux calls them: kernel messages, and results. */
  readonly console: string;
  readonly results: string;
  /** What gives it the second one, which writes to a file. */
  readonly secondPort: (file: string) => readonly string[];
}

const MACHINES: Readonly<Record<"x64" | "arm64", MachineKind>> = {
  x64: {
    command: "qemu-system-x86_64",
    options: ["-M", "q35", "-cpu", "max"],
    console: "ttyS0",
    results: "ttyS1",
    secondPort: (file) => ["-serial", `file:${file}`],
  },
  // A processor with the atomic instructions of ARMv8.1, but without pointer authentication, which is slow to emulate.
  arm64: {
    command: "qemu-system-aarch64",
    options: ["-M", "virt", "-cpu", "neoverse-n1"],
    console: "ttyAMA0",
    results: "ttyS0",
    secondPort: (file) => [
      "-chardev",
      `file,id=results,path=${file}`,
      "-device",
      "pci-serial,chardev=results",
    ],
  },
};

export interface MachineOptions {
  readonly machine: keyof typeof MACHINES;
  readonly kernel: string;
  readonly initramfs: string;
  /** Folder for the two serial ports' output. */
  readonly folder: string;
  readonly timeLimitMs: number;
  /** Called with each piece of console output. */
  readonly onConsole?: (text: string) => void;
}

export interface MachineResult {
  /** What the kernel and /init wrote. */
  readonly console: string;
  /** What the tests wrote. */
  readonly results: string;
  readonly timedOut: boolean;
  readonly elapsedMs: number;
}

/** Boots the machine and waits until it has powered off or the time is up; then it is killed by its pid. */
export async function boot(options: MachineOptions): Promise<MachineResult> {
  const resultsFile = `${options.folder}/results.tap`;
  const machine = MACHINES[options.machine];
  // What the kernel does not know, `results`, goes to the environment of /init.
  const append = `console=${machine.console} results=${machine.results} quiet panic=-1 lsm=landlock,lockdown,yama,integrity,bpf`;
  const started = performance.now();
  // NB: thread=single. With a thread per processor, a kernel that patches its own code on one of them (static branches,
  // ftrace, kprobes) crashed the other one now and then (QEMU 7.2); it costs about 1 s.
  const qemu = spawn(
    machine.command,
    [
      ...[...machine.options, "-m", "2048", "-smp", "2", "-accel", "tcg,thread=single"],
      ...[
        "-no-reboot",
        "-nodefaults",
        "-display",
        "none",
        "-serial",
        "stdio",
        ...machine.secondPort(resultsFile),
      ],
      ...["-kernel", options.kernel, "-initrd", options.initramfs, "-append", append],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let console = "";
  const collect = (chunk: Uint8Array): void => {
    const text = new TextDecoder().decode(chunk).replaceAll("\r", "");
    console += text;
    options.onConsole?.(text);
  };
  qemu.stdout.on("data", collect);
  qemu.stderr.on("data", collect);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    qemu.kill("SIGKILL");
  }, options.timeLimitMs);
  const stop = (): void => {
    qemu.kill("SIGKILL");
  };
  process.once("exit", stop);
  try {
    await new Promise<void>((resolve, reject) => {
      qemu.once("error", reject);
      qemu.once("close", () => resolve());
    });
  } finally {
    clearTimeout(timer);
    process.removeListener("exit", stop);
  }
  let results = "";
  try {
    results = readFileSync(resultsFile, "utf8").replaceAll("\r", "");
  } catch {
    // QEMU ended before it opened the port; the console says why.
  }
  return { console, results, timedOut, elapsedMs: performance.now() - started };
}
