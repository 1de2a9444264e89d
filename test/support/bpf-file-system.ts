import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs `body` with a BPF file system that only it knows, and removes it with everything pinned there. */
export function withBpfFileSystem(body: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), "bpffs-"));
  execFileSync("mount", ["-t", "bpf", "bpf", root]);
  try {
    body(root);
  } finally {
    execFileSync("umount", [root]);
    rmdirSync(root);
  }
}
