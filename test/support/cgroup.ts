import { mkdtempSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Root of the control groups of version 2, `undefined` where none is mounted. */
export function cgroupRoot(): string | undefined {
  const line = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .find((mount) => mount.split(" ")[2] === "cgroup2");
  return line?.split(" ")[1];
}

/** A control group of the test's own, removed with {@link remove} when no process is in it any more. */
export class TestCgroup {
  readonly path: string;

  constructor(name: string) {
    const root = cgroupRoot();
    if (root === undefined) throw new Error("no cgroup2 file system is mounted");
    this.path = mkdtempSync(join(root, `wasm-bpf-${name}-`));
  }

  /** Moves a process here. */
  take(pid: number): void {
    writeFileSync(join(this.path, "cgroup.procs"), String(pid));
  }

  remove(): void {
    rmdirSync(this.path);
  }
}
