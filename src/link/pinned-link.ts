import type { BpfProgram } from "../ebpf/index.ts";
import { openPinOf } from "../ebpf/index.ts";
import { objectFdById } from "../kernel/index.ts";
import { checkedCall } from "../sys/index.ts";
import { type Attachment, LinkHolder, updateLink } from "./link.ts";

/** A link that was opened by its pin or id: of this process or of another, also one that has ended. */
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
  return new OpenedLink(`the link pinned at ${path}`, "pinned", { linkFd: openPinOf("link", path) });
}

/**
 * Opens the link that the kernel has under `id`, whoever made it: see `objectIds` of `wasm-bpf/kernel`. Closing it leaves
 * it attached as long as others have it.
 *
 * Requires Linux >= 5.8.
 *
 * @throws {SystemCallError} ENOENT when there is no such link.
 */
export function openLinkById(id: number): PinnedLink {
  const label = `the link with id ${id}`;
  const fd = checkedCall(objectFdById("link", id), "bpf(BPF_LINK_GET_FD_BY_ID)", `Cannot open ${label}`);
  return new OpenedLink(label, "pinned", { linkFd: fd });
}
