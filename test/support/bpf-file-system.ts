import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_PIN_ROOT } from "../../src/ebpf/index.ts";

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

/**
 * Mounts the BPF file system where guests may pin, unless it is there already. It stays, as the one that systemd mounts:
 * other test files may use it at the same time.
 */
export function mountBpfFileSystem(): void {
  const script = `mountpoint -q ${DEFAULT_PIN_ROOT} || mount -t bpf bpf ${DEFAULT_PIN_ROOT}`;
  execFileSync("flock", [DEFAULT_PIN_ROOT, "sh", "-c", script]);
}
