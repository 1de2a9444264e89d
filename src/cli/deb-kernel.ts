import { spawnSync } from "node:child_process";
import { decodeCString, WasmBpfError } from "../internal/index.ts";

const BLOCK = 512;
const MAX_PACKAGE_BYTES = 1.5 * 2 ** 30;

/** Whether the bytes are a Debian package (or another ar archive). */
export function isDebianPackage(bytes: Uint8Array): boolean {
  return decodeCString(bytes.subarray(0, 7)) === "!<arch>";
}

/**
 * The kernel image in a Debian package `linux-image-*`.
 *
 * @throws {WasmBpfError} when the package has none, or `dpkg-deb` is missing.
 */
export function kernelOfPackage(path: string): Uint8Array {
  const { stdout, stderr, status, error } = spawnSync("dpkg-deb", ["--fsys-tarfile", path], {
    maxBuffer: MAX_PACKAGE_BYTES,
  });
  if (error !== undefined) {
    const missing = "code" in error && error.code === "ENOENT";
    const reason = missing ? "there is no command dpkg-deb: apt install dpkg" : error.message;
    throw new WasmBpfError("NOT_SUPPORTED", `cannot unpack the package: ${reason}`);
  }
  if (status !== 0) {
    const said = new TextDecoder().decode(stderr).trim().split("\n")[0] ?? "";
    throw new WasmBpfError("MALFORMED_INPUT", `cannot unpack the package: ${said}`);
  }
  const kernel = fileInTar(stdout, /^\.?\/?boot\/vmlinuz-[^/]+$/);
  if (kernel === undefined)
    throw new WasmBpfError("NOT_FOUND", "the package has no kernel in boot/vmlinuz-*");
  return kernel;
}

/** First regular file with such a name; header: name 100 bytes, size in octal at 124, type at 156. */
function fileInTar(tar: Uint8Array, name: RegExp): Uint8Array | undefined {
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    const size = Number.parseInt(decodeCString(header.subarray(124, 136)).trim(), 8) || 0;
    const isFile = header[156] === 0 || header[156] === 0x30;
    if (isFile && name.test(decodeCString(header.subarray(0, 100)))) {
      return tar.subarray(at + BLOCK, at + BLOCK + size);
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}
