import * as fs from "node:fs";
import { WasmBpfError } from "../../internal/index.ts";
import { errnoName } from "../../uapi/errno.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import type { FileHost } from "./context.ts";
import { DirectoryDescriptor } from "./directory.ts";
import { DIRECTORY_RIGHTS, FILE_RIGHTS } from "./rights.ts";

/** A directory of the host that a guest may use. */
export interface Preopen {
  readonly host: string;
  /** Path under which the guest sees it. */
  readonly guest: string;
}

/** @throws {WasmBpfError} code `NOT_FOUND` when the directory cannot be opened, or nothing in it without /proc */
export function openPreopen(files: FileHost, { host, guest }: Preopen): DirectoryDescriptor {
  const { O_RDONLY, O_DIRECTORY } = fs.constants;
  const fd = attempt(() => fs.openSync(host, O_RDONLY | O_DIRECTORY));
  if (fd < 0) {
    throw new WasmBpfError(
      "NOT_FOUND",
      `Cannot give the guest the directory "${host}": open failed with ${errnoName(-fd)}. Check the --dir option.`,
    );
  }
  if (!fs.existsSync(`/proc/self/fd/${fd}`)) {
    attemptVoid(() => fs.closeSync(fd));
    throw new WasmBpfError(
      "NOT_FOUND",
      `Cannot give the guest the directory "${host}": /proc is not mounted (mount -t proc proc /proc).`,
    );
  }
  return new DirectoryDescriptor(files, fd, DIRECTORY_RIGHTS, DIRECTORY_RIGHTS | FILE_RIGHTS, guest);
}
