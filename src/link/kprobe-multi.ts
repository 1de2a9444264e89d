import { readFileSync } from "node:fs";
import { encodeCString } from "../internal/index.ts";
import { SystemCallError } from "../sys/index.ts";
import { BPF_F_KPROBE_MULTI_RETURN } from "../uapi/bpf.ts";
import { ENOENT, ESRCH } from "../uapi/errno.ts";
import { createLink } from "./create-link.ts";
import { globPattern } from "./glob.ts";
import type { Link } from "./link.ts";
import { type AttachRequest, attachAction, attachError, requiredTarget } from "./request.ts";
import { withTracefs } from "./tracefs.ts";
import { words } from "./uprobe-multi.ts";

/**
 * Attaches to all kernel functions that match a pattern with `*` and `?`.
 *
 * Requires Linux >= 5.18. Fields of the attribute: flags 16, count 20, names 24, addresses 32, cookies 40.
 */
export function attachKprobeMulti(request: AttachRequest): Link {
  const target = requiredTarget(request, "kernel functions as a pattern, such as tcp_*");
  if (!/^[\w.*?]+$/.test(target)) {
    throw attachError(request, "INVALID_ARGUMENT", "a pattern has letters, digits, _ . * and ?");
  }
  const { program, options } = request;
  const functions = /[*?]/.test(target)
    ? probeableFunctions(attachAction(request), globPattern(target))
    : { addresses: [], names: [target] };
  const count = functions.addresses.length || functions.names.length;
  if (count === 0) throw attachError(request, "NOT_FOUND", "no kernel function that can be probed matches");
  const retprobe = options.retprobe ?? program.section.name.startsWith("kret");
  const { cookie } = options;
  try {
    return createLink(request, "kprobe_multi", {
      attachType: program.expectedAttachType,
      sizeBytes: 48,
      fill: (attr) => {
        attr.u32(16, retprobe ? BPF_F_KPROBE_MULTI_RETURN : 0).u32(20, count);
        if (functions.addresses.length > 0) attr.pointer(32, words(functions.addresses));
        else attr.pointerArray(24, functions.names.map(encodeCString));
        if (cookie !== undefined) attr.pointer(40, words(new Array<bigint>(count).fill(cookie)));
      },
    });
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === ESRCH) {
      throw attachError(request, "NOT_FOUND", "this kernel has no such function that can be probed");
    }
    throw error;
  }
}

/** Addresses where the kernel lists them, else names, which the kernel looks up itself. */
export interface Functions {
  readonly addresses: readonly bigint[];
  readonly names: readonly string[];
  /** The list that cannot be read, a file of tracefs, where no function is known. */
  readonly unlisted?: { readonly file: string; readonly errno: number };
}

const LIST_OF_ADDRESSES = "available_filter_functions_addrs";
const LIST_OF_NAMES = "available_filter_functions";

/** The functions that can be traced and match. Linux >= 6.5 lists their addresses. */
export function probeableFunctions(action: string, pattern: RegExp): Functions {
  return withTracefs(action, (directory) => {
    const addresses: bigint[] = [];
    const withAddresses = readLines(directory, LIST_OF_ADDRESSES);
    for (const line of withAddresses.lines) {
      const [address, name] = line.split(" ");
      if (address !== undefined && name !== undefined && pattern.test(name))
        addresses.push(BigInt(`0x${address}`));
    }
    if (addresses.length > 0) return { addresses, names: [] };
    const withNames = readLines(directory, LIST_OF_NAMES);
    const all = new Set(withNames.lines.map((line) => line.split(" ")[0] ?? ""));
    const names = [...all].filter((name) => pattern.test(name));
    if (withNames.errno === 0 || withAddresses.errno === 0) return { addresses, names };
    // Older kernels have no addresses; where they are listed, that list is what cannot be read.
    const { file, errno } = withAddresses.errno === ENOENT ? withNames : withAddresses;
    return { addresses, names, unlisted: { file, errno } };
  });
}

interface Listing {
  readonly file: string;
  readonly lines: readonly string[];
  /** Why there are no lines, 0 when the file was read. */
  readonly errno: number;
}

function readLines(directory: string, file: string): Listing {
  try {
    return { file, lines: readFileSync(`${directory}/${file}`, "latin1").split("\n"), errno: 0 };
  } catch (error) {
    const { errno = -ENOENT } = error as { errno?: number };
    return { file, lines: [], errno: -errno };
  }
}
