import { functionFileOffset } from "../elf/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { O_CLOEXEC, O_PATH } from "../uapi/linux.ts";
import { findBinary, withElfFile } from "./binary.ts";
import type { Link } from "./link.ts";
import { attachToPerfEvent } from "./perf-link.ts";
import { openProbeChecked, probeDeviceType } from "./probe-pmu.ts";
import { type AttachRequest, attachAction, attachError, requiredTarget, splitOffset } from "./request.ts";
import { traceEventId, writeTraceEvents } from "./tracefs.ts";
import { openTraceEvent } from "./tracepoint.ts";

let sequence = 0;

/** Where a uprobe goes. */
export interface UprobePlace {
  readonly path: string;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly retprobe: boolean;
}

/**
 * Attaches to a function of a program or library, `binary:symbol`, `binary:symbol+offset` or `binary:0xoffset`
 * (offset in the file), or to its return.
 */
export function attachUprobe(request: AttachRequest): Link {
  return attachUprobeAt(request, uprobePlace(request), "uprobe");
}

/** Attaches to one place of a file on behalf of the hook `kind`. */
export function attachUprobeAt(request: AttachRequest, place: UprobePlace, kind: string): Link {
  const { options } = request;
  const type = options.mode === "legacy" ? undefined : probeDeviceType("uprobe");
  if (type === undefined) return attachByTraceEvent(request, place, kind);
  const fd = openProbeChecked(request, type, {
    device: "uprobe",
    name: place.path,
    offset: place.offset,
    retprobe: place.retprobe,
    ...(options.semaphoreOffset === undefined ? {} : { semaphoreOffset: options.semaphoreOffset }),
    ...(options.pid === undefined ? {} : { pid: options.pid }),
  });
  return attachToPerfEvent(request, kind, fd);
}

function uprobePlace(request: AttachRequest): UprobePlace {
  const target = requiredTarget(request, "a function as binary:symbol, such as libc.so.6:malloc");
  const retprobe = request.options.retprobe ?? request.program.section.name.startsWith("uret");
  const colon = target.indexOf(":");
  if (colon <= 0 || colon === target.length - 1) {
    throw attachError(
      request,
      "INVALID_ARGUMENT",
      "a function is written binary:symbol or binary:symbol+offset",
    );
  }
  const path = findBinary(request, target.slice(0, colon));
  const place = target.slice(colon + 1);
  if (/^0x[0-9a-fA-F]+$/.test(place)) return { path, offset: Number(place), retprobe };
  const { name, offset } = splitOffset(place);
  if (retprobe && offset !== 0) {
    throw attachError(request, "INVALID_ARGUMENT", "a return probe has no offset");
  }
  const start = withElfFile(request, path, (file) => functionFileOffset(file, name));
  if (start === undefined) {
    throw attachError(
      request,
      "NOT_FOUND",
      `${path} has no function ${name} in its symbol tables; if it is stripped, give the offset in the file as 0x...`,
    );
  }
  return { path, offset: start + offset, retprobe };
}

/** The way of kernels before 4.17: a probe that is defined in tracefs. */
function attachByTraceEvent(request: AttachRequest, place: UprobePlace, kind: string): Link {
  const { path, offset, retprobe } = place;
  const { semaphoreOffset } = request.options;
  const action = attachAction(request);
  const event = `wasm_bpf_${process.pid}_${sequence++}`;
  const define = (file: string): number => {
    const definition = `${retprobe ? "r" : "p"}:uprobes/${event} ${file}:0x${offset.toString(16)}${
      semaphoreOffset === undefined ? "" : `(0x${semaphoreOffset.toString(16)})`
    }`;
    return writeTraceEvents(action, "uprobe_events", definition);
  };
  checkedCall(withPlainName(action, path, define), "write(uprobe_events)", action);
  const remove = (): void => void writeTraceEvents(action, "uprobe_events", `-:uprobes/${event}`);
  let fd: number;
  try {
    const id = traceEventId(action, "uprobes", event);
    if (id === undefined) throw attachError(request, "NOT_FOUND", `the trace event ${event} is not there`);
    fd = openTraceEvent(request, id, request.options.pid);
  } catch (error) {
    remove();
    throw error;
  }
  return attachToPerfEvent(request, kind, fd, remove);
}

/**
 * Calls `use` with a name of the file that a definition in tracefs can have: white space ends words there, `#` starts a
 * comment, and there is no way to quote. Where the path has one of these, a descriptor's name leads to the file meanwhile.
 */
function withPlainName(action: string, path: string, use: (name: string) => number): number {
  if (!/[\s#]/.test(path)) return use(path);
  const sys = getSys();
  const fd = checkedCall(sys.open(path, O_PATH | O_CLOEXEC), `open(${path})`, action);
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    sys.close(fd);
  }
}
