import * as fs from "node:fs";
import { resolve } from "node:path";
import { encodeText } from "../../internal/index.ts";
import { EACCES, EROFS } from "../../uapi/errno.ts";
import { attempt } from "./attempt.ts";

/** Which files of the host a guest may read: all, none, or those at and below some paths. */
export class HostView {
  /** Canonical paths without a slash at the end, bytes as latin1; `undefined` for all. */
  readonly #allowed: readonly string[] | undefined;
  /** Prints a line for the user. */
  readonly #explain: (line: string) => void;
  #explainedReading = false;
  #explainedWriting = false;

  constructor(read: boolean | readonly string[], explain: (line: string) => void) {
    this.#explain = explain;
    if (read === true || (read !== false && read.includes("/"))) return;
    this.#allowed = (read === false ? [] : read).flatMap((path) => {
      const absolute = resolve(path);
      const target = attempt(() => fs.realpathSync(absolute));
      return (typeof target === "string" ? [absolute, target] : [absolute]).map(bytesOf);
    });
  }

  get isWhole(): boolean {
    return this.#allowed === undefined;
  }

  /** Whether a file may be read; `path` is canonical, without a slash at the end. */
  shows(path: string): boolean {
    return this.#allowed?.some((one) => path === one || path.startsWith(below(one))) ?? true;
  }

  /** Whether the way to something that may be read leads through a directory. */
  leadsThrough(path: string): boolean {
    return this.#allowed?.some((one) => one.startsWith(below(path))) ?? true;
  }

  refuseReading(path: Uint8Array): number {
    if (!this.#explainedReading) {
      this.#explainedReading = true;
      const name = textOf(path);
      this.#explain(`The guest wants to read ${name}, which needs --allow-read or --allow-read=${name}`);
    }
    return -EACCES;
  }

  refuseWriting(path: Uint8Array): number {
    if (!this.#explainedWriting) {
      this.#explainedWriting = true;
      this.#explain(`The guest wants to change ${textOf(path)}, which needs --dir for its directory`);
    }
    return -EROFS;
  }
}

function below(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

function bytesOf(path: string): string {
  return Buffer.from(encodeText(path)).toString("latin1");
}

/** A path for a message: one line, whatever is in it. */
function textOf(path: Uint8Array): string {
  return new TextDecoder().decode(path).replaceAll(/\p{Cc}/gu, "?");
}
