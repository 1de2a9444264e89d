import { readFileSync, statSync } from "node:fs";
import type { BpfMap } from "../ebpf/index.ts";
import { type ElfFile, ET_DYN, type UsdtProbe, usdtProbes, variableAddress } from "../elf/index.ts";
import { haveAttachCookie } from "../kernel/index.ts";
import { checkedCall } from "../sys/index.ts";
import { BPF_TRACE_UPROBE_MULTI } from "../uapi/bpf.ts";
import { findBinary, withElfFile } from "./binary.ts";
import { createLink } from "./create-link.ts";
import type { Link } from "./link.ts";
import { LinkGroup } from "./link-group.ts";
import { type AttachRequest, attachAction, attachError, requiredTarget } from "./request.ts";
import { attachUprobeAt } from "./uprobe.ts";
import { words } from "./uprobe-multi.ts";
import {
  encodeUsdtSpec,
  MAX_USDT_ARGUMENTS,
  parseUsdtArguments,
  type UsdtArgument,
} from "./usdt-arguments.ts";
import { releaseSpecIds, takeSpecId } from "./usdt-specs.ts";

/** A place of the probe, and what is known of its arguments: the text of one that cannot be read, or all. */
interface ReadProbe extends UsdtProbe {
  readonly parsed: readonly UsdtArgument[] | string;
}

function readProbe(file: ElfFile, probe: UsdtProbe): ReadProbe {
  const parsed = parseUsdtArguments(probe.arguments, process.arch === "arm64" ? "arm64" : "x64", (name) => {
    const address = variableAddress(file, name);
    return address === undefined ? undefined : BigInt(address - probe.address);
  });
  return { ...probe, parsed };
}

/** One place to attach to, with the place of its arguments' description in the map. */
interface UsdtPlace extends UsdtProbe {
  readonly specId: number;
}

/**
 * Attaches to every place of a static probe, `binary:provider:name`. Where the arguments are is written to the maps of
 * `usdt.bpf.h`, whose functions the program reads them with; the option `cookie` is what `bpf_usdt_cookie()` gives.
 *
 * Probes with a semaphore require Linux >= 4.20; shared libraries >= 5.15, or the `pid` of one process.
 */
export function attachUsdt(request: AttachRequest): Link {
  const target = requiredTarget(request, "a probe as binary:provider:name");
  const [, binary, provider, name] = /^(.+):([^:]+):([^:]+)$/.exec(target) ?? [];
  if (binary === undefined || provider === undefined || name === undefined) {
    throw attachError(request, "INVALID_ARGUMENT", "a probe is written binary:provider:name");
  }
  const path = findBinary(request, binary);
  const { probes, shared } = withElfFile(request, path, (file) => ({
    probes: usdtProbes(file)
      .filter((probe) => probe.provider === provider && probe.name === name)
      .map((probe) => readProbe(file, probe)),
    shared: file.type === ET_DYN,
  }));
  if (probes.length === 0) {
    throw attachError(request, "NOT_FOUND", `${path} has no probe ${provider}:${name}`);
  }
  const specs = usdtMap(request, "__bpf_usdt_specs");
  const ids = new Map<string, number>();
  try {
    const places = probes.map((probe) => ({ ...probe, specId: specIdOf(request, specs, ids, probe) }));
    const addresses = haveAttachCookie() ? [] : writeAddresses(request, path, places, shared);
    const link = attachPlaces(request, path, places);
    return cleansUp(link, () => {
      for (const key of addresses) usdtMap(request, "__bpf_usdt_ip_to_spec_id").rawDelete(key, 0n);
      releaseSpecIds(specs, ids.values());
    });
  } catch (error) {
    releaseSpecIds(specs, ids.values());
    throw error;
  }
}

function usdtMap(request: AttachRequest, name: string): BpfMap {
  const map = request.program.objectMaps.get(name);
  if (map !== undefined) return map;
  throw attachError(
    request,
    "INVALID_ARGUMENT",
    `its object has no map ${name}; a program for static probes includes bpf/usdt.bpf.h`,
  );
}

/** Places with the same arguments share one description. */
function specIdOf(request: AttachRequest, specs: BpfMap, ids: Map<string, number>, probe: ReadProbe): number {
  // What is found relative to the code is at another distance from each place.
  const key = probe.arguments.includes("(%rip)") ? `${probe.arguments} ${probe.address}` : probe.arguments;
  const known = ids.get(key);
  if (known !== undefined) return known;
  const args = probe.parsed;
  if (typeof args === "string" || args.length > MAX_USDT_ARGUMENTS) {
    const what =
      typeof args === "string" ? `the argument ${args}` : `more than ${MAX_USDT_ARGUMENTS} arguments`;
    throw attachError(request, "NOT_SUPPORTED", `the probe has ${what}, which usdt.bpf.h cannot read`);
  }
  const value = encodeUsdtSpec(args, request.options.cookie ?? 0n, specs.valueSizeBytes);
  if (value === undefined) {
    throw attachError(
      request,
      "NOT_SUPPORTED",
      `the object's usdt.bpf.h has no way to read ${probe.arguments}; compile it with that of libbpf 1.7 or later`,
    );
  }
  const id = takeSpecId(specs);
  if (id === undefined) {
    throw attachError(
      request,
      "INVALID_ARGUMENT",
      `all ${specs.maxEntries} places of __bpf_usdt_specs are taken; define BPF_USDT_MAX_SPEC_CNT larger`,
    );
  }
  ids.set(key, id);
  const result = specs.rawUpdate(new Uint8Array(new Uint32Array([id]).buffer), value, 0n);
  checkedCall(result, "bpf(BPF_MAP_UPDATE_ELEM)", attachAction(request));
  return id;
}

function attachPlaces(request: AttachRequest, path: string, places: readonly UsdtPlace[]): Link {
  const { program, options } = request;
  if (program.expectedAttachType !== BPF_TRACE_UPROBE_MULTI) {
    return LinkGroup.attachAll(program, "usdt", places, (place) =>
      attachUprobeAt(
        {
          ...request,
          options: {
            ...options,
            // Without cookies the program finds its arguments by address.
            cookie: haveAttachCookie() ? BigInt(place.specId) : 0n,
            ...(place.semaphoreOffset === undefined ? {} : { semaphoreOffset: place.semaphoreOffset }),
          },
        },
        { path, offset: place.offset, retprobe: false },
        "usdt",
      ),
    );
  }
  const path0 = new TextEncoder().encode(`${path}\0`);
  const hasSemaphores = places.some((place) => place.semaphoreOffset !== undefined);
  return createLink(request, "usdt", {
    attachType: BPF_TRACE_UPROBE_MULTI,
    sizeBytes: 64,
    fill: (attr) => {
      attr.pointer(16, path0).pointer(24, words(places.map(({ offset }) => BigInt(offset))));
      if (hasSemaphores) {
        attr.pointer(32, words(places.map(({ semaphoreOffset }) => BigInt(semaphoreOffset ?? 0))));
      }
      attr.pointer(40, words(places.map(({ specId }) => BigInt(specId))));
      attr.u32(48, places.length).u32(56, options.pid ?? 0);
    },
  });
}

/** For kernels without cookies: which description belongs to which address. @returns the keys that were written */
function writeAddresses(
  request: AttachRequest,
  path: string,
  places: readonly UsdtPlace[],
  shared: boolean,
): Uint8Array[] {
  const map = usdtMap(request, "__bpf_usdt_ip_to_spec_id");
  return places.map((place) => {
    const address = shared ? addressInProcess(request, path, place) : BigInt(place.address);
    const key = words([address]);
    const value = new Uint8Array(new Uint32Array([place.specId]).buffer);
    checkedCall(map.rawUpdate(key, value, 0n), "bpf(BPF_MAP_UPDATE_ELEM)", attachAction(request));
    return key;
  });
}

function addressInProcess(request: AttachRequest, path: string, place: UsdtPlace): bigint {
  const { pid } = request.options;
  if (pid === undefined) {
    throw attachError(
      request,
      "NOT_SUPPORTED",
      "a position-independent binary needs the pid of its process, or attach cookies (Linux 5.15)",
    );
  }
  const { ino } = statSync(path);
  for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
    const [, start = "", end = "", offset = "", inode] =
      /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ (\d+)/.exec(line) ?? [];
    if (inode !== String(ino)) continue;
    const first = BigInt(`0x${start}`);
    const within = BigInt(place.offset) - BigInt(`0x${offset}`);
    if (within >= 0n && first + within < BigInt(`0x${end}`)) return first + within;
  }
  throw attachError(request, "NOT_FOUND", `process ${pid} has not loaded ${path}`);
}

/** The link, with something to be done once after it is closed. */
function cleansUp(link: Link, undo: () => void): Link {
  let open = true;
  const once = (close: () => void) => (): void => {
    close();
    if (open) undo();
    open = false;
  };
  const close = once(() => link.close());
  return {
    kind: "usdt",
    get program() {
      return link.program;
    },
    get fd() {
      return link.fd;
    },
    pin: (path) => link.pin(path),
    unpin: (path) => link.unpin(path),
    info: () => link.info(),
    update: (program, expected) => link.update(program, expected),
    detach: once(() => link.detach()),
    close,
    [Symbol.dispose]: close,
  };
}
