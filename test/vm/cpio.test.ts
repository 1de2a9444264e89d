import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { CpioArchive } from "./cpio.ts";

it("busybox unpacks the archive: folders, files with their modes, links", (test) => {
  const folder = mkdtempSync(join(tmpdir(), "cpio-"));
  test.after(() => rmSync(folder, { recursive: true }));
  const archive = new CpioArchive()
    .file("/a/b/odd", new TextEncoder().encode("12345"), 0o755)
    .file("empty", new Uint8Array(0))
    .symlink("a/link", "b/odd")
    .directory("a/b");
  const input = Buffer.concat(archive.finish());
  execFileSync("busybox", ["cpio", "-i"], { cwd: folder, input, stdio: ["pipe", "ignore", "ignore"] });
  assert.equal(readFileSync(join(folder, "a/link"), "utf8"), "12345");
  assert.equal(statSync(join(folder, "a/b/odd")).mode & 0o777, 0o755);
  assert.equal(statSync(join(folder, "empty")).size, 0);
  assert.throws(() => archive.file("empty", new Uint8Array(0)), /already/);
});
