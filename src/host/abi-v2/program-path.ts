import * as fs from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

/**
 * The file that a command names: looked up in PATH unless there is a slash in it. Its directory is canonical, its name
 * is not: to programs such as busybox the name says what to be.
 *
 * @returns `undefined` when there is no such program
 */
export function programPath(command: string): string | undefined {
  const candidates = command.includes("/")
    ? [command]
    : (process.env.PATH || "/usr/local/bin:/usr/bin:/bin")
        .split(":")
        .map((folder) => join(folder || ".", command));
  for (const candidate of candidates) {
    const path = isAbsolute(candidate) ? candidate : resolve(candidate);
    if (command === "" || !isProgram(path)) continue;
    try {
      return join(fs.realpathSync(dirname(path)), basename(path));
    } catch {
      // gone meanwhile
    }
  }
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.X_OK);
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}
