import { functionFileOffsets } from "../elf/index.ts";
import { encodeCString } from "../internal/index.ts";
import { BPF_F_UPROBE_MULTI_RETURN } from "../uapi/bpf.ts";
import { findBinary, withElfFile } from "./binary.ts";
import { createLink } from "./create-link.ts";
import { globPattern } from "./glob.ts";
import type { Link } from "./link.ts";
import { type AttachRequest, attachError, requiredTarget } from "./request.ts";

/**
 * Attaches to all functions of a program or library that match a pattern, `binary:pattern` with `*` and `?`.
 *
 * Requires Linux >= 6.6. Fields of the attribute: path 16, offsets 24, semaphores 32, cookies 40, count 48, flags 52,
 * process 56.
 */
export function attachUprobeMulti(request: AttachRequest): Link {
  const target = requiredTarget(request, "functions as binary:pattern, such as libc.so.6:str*");
  const { program, options } = request;
  const colon = target.indexOf(":");
  if (colon <= 0 || colon === target.length - 1) {
    throw attachError(request, "INVALID_ARGUMENT", "functions are written binary:pattern");
  }
  const path = findBinary(request, target.slice(0, colon));
  const pattern = globPattern(target.slice(colon + 1));
  const offsets = withElfFile(request, path, (file) =>
    functionFileOffsets(file, (name) => pattern.test(name)),
  );
  if (offsets.length === 0) {
    throw attachError(request, "NOT_FOUND", `${path} has no functions that match in its symbol tables`);
  }
  const retprobe = options.retprobe ?? program.section.name.startsWith("uret");
  const { cookie } = options;
  return createLink(request, "uprobe_multi", {
    attachType: program.expectedAttachType,
    sizeBytes: 64,
    fill: (attr) => {
      attr.pointer(16, encodeCString(path)).pointer(24, words(offsets.map(BigInt)));
      if (cookie !== undefined) attr.pointer(40, words(offsets.map(() => cookie)));
      attr.u32(48, offsets.length).u32(52, retprobe ? BPF_F_UPROBE_MULTI_RETURN : 0);
      attr.u32(56, options.pid ?? 0);
    },
  });
}

/** 64-bit numbers as bytes of this machine. */
export function words(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}
