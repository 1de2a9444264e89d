import { join } from "node:path";
import { encodeText } from "../../internal/index.ts";
import { EACCES, EFBIG, ENOENT } from "../../uapi/errno.ts";
import { DirectoryDescriptor, type FdTable, READ_REQUEST } from "../wasi/index.ts";
import { Refusal } from "./refusal.ts";

/** Longest file that an import reads whole: more than any kernel's types. */
const LONGEST_FILE_BYTES = 256 << 20;

/**
 * Reads a file that the guest may open: below one of its preopened directories.
 *
 * @param path as the guest's C library takes it
 * @throws {Refusal} the error that opening or reading gives; EACCES outside the directories
 */
export function readGuestFile(fds: FdTable, path: string): Uint8Array {
  if (path === "") throw new Refusal(ENOENT);
  // Relative names that no directory has are those of the working directory, which the guest may see or not.
  const found =
    preopenFor(fds, path) ?? (path.startsWith("/") ? undefined : preopenFor(fds, join(process.cwd(), path)));
  if (found === undefined) throw new Refusal(EACCES);
  const file = found.directory.open(encodeText(found.rest), READ_REQUEST);
  if (typeof file === "number") throw new Refusal(file <= -4000 ? EACCES : -file);
  try {
    return readAll((into) => file.read([into]));
  } finally {
    file.close();
  }
}

/** The directory whose name is the longest prefix of `path`, as in C libraries for WASI. */
function preopenFor(
  fds: FdTable,
  path: string,
): { readonly directory: DirectoryDescriptor; readonly rest: string } | undefined {
  const wanted = normal(path);
  let best: { directory: DirectoryDescriptor; rest: string; length: number } | undefined;
  for (const directory of fds.all()) {
    if (!(directory instanceof DirectoryDescriptor) || directory.preopenName === undefined) continue;
    const name = normal(new TextDecoder().decode(directory.preopenName));
    const within =
      name === "" || wanted === name || wanted.startsWith(name.endsWith("/") ? name : `${name}/`);
    if (!within || (best !== undefined && name.length <= best.length)) continue;
    const rest = wanted.slice(name.length).replace(/^\/+/, "");
    best = { directory, rest: rest === "" ? "." : rest, length: name.length };
  }
  return best;
}

/** Without `./` in front; the current directory of a guest is where its relative names begin. */
function normal(path: string): string {
  let rest = path;
  while (rest === "." || rest.startsWith("./")) rest = rest.slice(1).replace(/^\/+/, "");
  return rest;
}

function readAll(read: (into: Uint8Array) => number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const piece = new Uint8Array(1 << 20);
    const count = read(piece);
    if (count < 0) throw new Refusal(-count);
    if (count === 0) break;
    total += count;
    if (total > LONGEST_FILE_BYTES) throw new Refusal(EFBIG);
    pieces.push(piece.subarray(0, count));
  }
  const bytes = new Uint8Array(total);
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}
