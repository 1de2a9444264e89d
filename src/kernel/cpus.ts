import { WasmBpfError } from "../internal/index.ts";
import { readTextIfAny } from "./files.ts";

/**
 * Parses the kernel's CPU list format, such as `0-3,8`.
 *
 * @throws {WasmBpfError} code `MALFORMED_INPUT` when it is not one.
 */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first || last > 65535) {
      throw new WasmBpfError("MALFORMED_INPUT", `"${text.trim()}" is not a CPU list`);
    }
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

function readCpuList(name: string): number[] {
  const path = `/sys/devices/system/cpu/${name}`;
  const text = readTextIfAny(path);
  if (text === undefined) {
    throw new WasmBpfError("NOT_FOUND", `Cannot read ${path}: is sysfs mounted?`);
  }
  return parseCpuList(text);
}

let possible: number | undefined;

/** Number of CPUs a per-CPU value has elements for; never changes while the kernel runs. */
export function possibleCpuCount(): number {
  possible ??= Math.max(...readCpuList("possible")) + 1;
  return possible;
}

/** CPUs that are online now. */
export function onlineCpus(): number[] {
  return readCpuList("online");
}
