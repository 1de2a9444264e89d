import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { after, before } from "node:test";
import { OPENERS } from "./openers.ts";
import { getSys, type Sys, setSys } from "./sys.ts";

/** Open descriptors of this process and what they are. */
export function openFds(): Map<number, string> {
  const fds = new Map<number, string>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      fds.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // the descriptor of the directory itself
    }
  }
  return fds;
}

/** Mappings of BPF maps and perf events, one line of /proc/self/maps each. */
export function kernelMappings(): string[] {
  return readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .filter((line) => /anon_inode:(bpf|\[perf)/.test(line));
}

/**
 * Makes the test file fail when something that it opened through {@link Sys} is still open at its end, with the
 * stack that opened it, or when a mapping of a BPF map or perf event is left. Call it once, before the tests.
 */
export function failOnLeaks(): void {
  const stacks = new Map<number, string>();
  let fdsBefore = new Map<number, string>();
  let mappingsBefore: string[] = [];
  before(() => {
    fdsBefore = openFds();
    mappingsBefore = kernelMappings();
    setSys(tracking(getSys(), stacks));
  });
  after(() => {
    setSys(undefined);
    const leaks = [...openFds()]
      .filter(
        ([fd, target]) => fdsBefore.get(fd) !== target && (stacks.has(fd) || /bpf|perf_event/.test(target)),
      )
      .map(([fd, target]) => `descriptor ${fd} (${target}) is still open\n${stacks.get(fd) ?? ""}`);
    const mappings = kernelMappings().filter((line) => !mappingsBefore.includes(line));
    leaks.push(...mappings.map((line) => `still mapped: ${line}`));
    if (leaks.length > 0) throw new Error(leaks.join("\n"));
  });
}

function tracking(sys: Sys, stacks: Map<number, string>): Sys {
  const tracked: Sys = { ...sys };
  for (const name of ["bpf", ...OPENERS] as const) {
    const original = sys[name] as (...args: unknown[]) => number;
    const wrapped = (...args: unknown[]): number => {
      const result = original(...args);
      if (result > 2) stacks.set(result, new Error(`${name} opened it`).stack ?? "");
      return result;
    };
    Object.assign(tracked, { [name]: wrapped });
  }
  tracked.close = (fd) => {
    stacks.delete(fd);
    return sys.close(fd);
  };
  return tracked;
}
