import { release, version } from "node:os";
import { readTextIfAny } from "./files.ts";

/** Packs a version the way LINUX_VERSION_CODE does: the patch level is capped at 255. */
export function versionCode(major: number, minor: number, patch: number): number {
  return ((major << 16) | (minor << 8) | Math.min(patch, 255)) >>> 0;
}

/**
 * LINUX_VERSION_CODE from the three places a distribution may put it: Ubuntu's signature file
 * (`Ubuntu 5.4.0-12.15-generic 5.4.8`), Debian's `uname -v` (`... Debian 6.1.55-1 ...`), else `uname -r`.
 *
 * @returns 0 when none of them can be read as a version.
 */
export function parseKernelVersion(
  unameRelease: string,
  unameVersion: string,
  ubuntuSignature?: string,
): number {
  const match =
    /^\S+\s+\S+\s+(\d+)\.(\d+)\.(\d+)/.exec(ubuntuSignature ?? "") ??
    /Debian (\d+)\.(\d+)\.(\d+)/.exec(unameVersion) ??
    /^(\d+)\.(\d+)\.(\d+)/.exec(unameRelease);
  if (match === null) return 0;
  return versionCode(Number(match[1]), Number(match[2]), Number(match[3]));
}

let cached: number | undefined;

/** LINUX_VERSION_CODE of the running kernel; 0 when it cannot be told. */
export function kernelVersion(): number {
  cached ??= parseKernelVersion(release(), version(), readTextIfAny("/proc/version_signature"));
  return cached;
}

/** Text form of a version code, such as `6.12.0`. */
export function formatKernelVersion(code: number): string {
  return `${code >>> 16}.${(code >>> 8) & 0xff}.${code & 0xff}`;
}
