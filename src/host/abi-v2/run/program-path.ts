import * as fs from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

/**
 * The file that a command names: looked up in PATH unless there is a slash in it. Its directory is canonical, its name
 * is not: to programs such as busybox the name says what to be.
 *
 * @param directory where relative names begin; default: where this process works
 * @returns `undefined` when there is no such program
 */
export function programPath(command: string, directory = "."): string | undefined {
  const candidates = command.includes("/")
    ? [command]
    : (process.env.PATH || "/usr/local/bin:/usr/bin:/bin")
        .split(":")
        .map((folder) => join(folder || ".", command));
  for (const candidate of candidates) {
    const path = isAbsolute(candidate) ? candidate : resolve(directory, candidate);
    if (command === "" || !isProgram(path)) continue;
    try {
      return join(fs.realpathSync(dirname(path)), basename(path));
    } catch {
      // gone meanwhile
    }
  }
  return undefined;
}

/** Whether there is a file that a command with a slash names, though it is no program. */
export function isNamedFile(command: string, directory = "."): boolean {
  return command.includes("/") && fs.existsSync(resolve(directory, command));
}

function isProgram(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.X_OK);
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}
