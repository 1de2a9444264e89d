import type { BpfProgram } from "../ebpf/index.ts";
import { openPinOf } from "../ebpf/index.ts";
import { type Attachment, LinkHolder, updateLink } from "./link.ts";

/** A link that was opened by its pin: of this process or of one that has ended. */
export interface PinnedLink extends Attachment {
  /** Puts another loaded program in the place of the one that is attached, atomically. Requires Linux >= 5.7. */
  update(program: BpfProgram, expected?: BpfProgram): void;
}

class OpenedLink extends LinkHolder implements PinnedLink {
  update(program: BpfProgram, expected?: BpfProgram): void {
    updateLink(this.kernelLink("update"), program.fd, expected?.fd, this.label);
  }
}

/**
 * Opens a pinned link. Closing it leaves it attached as long as the pin is there.
 *
 * @throws {SystemCallError} when nothing is pinned at `path` (ENOENT).
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when something else is.
 */
export function openPinnedLink(path: string): PinnedLink {
  const label = `the link pinned at ${path}`;
  const fd = openPinOf("link", path);
  return new OpenedLink(label, "pinned", { linkFd: fd });
}
